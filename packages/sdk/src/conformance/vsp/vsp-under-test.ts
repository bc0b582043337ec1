import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DpuError } from '../../errors.ts';
import { defaultDeadlineMs } from '../../host/calls/deadline.ts';
import { dpuWithoutCard } from '../../manifest/detection/dpu-without-card.ts';
import { podOf } from '../../manifest/pod/side-pod.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import type { FakeSysfs } from '../../testing/sysfs.ts';
import type { Mode } from '../groups.ts';
import { type ConformanceOptions, defaultLimits } from '../options.ts';
import { Session, type SessionOptions } from '../session/session.ts';
import { standIn } from '../target/machine.ts';
import { findPlugin, type PluginSource } from '../target/plugin-source.ts';
import { VspProcess } from '../target/vsp-process.ts';

/** Finds the VSP once, and opens its sides. */
export class VspUnderTest {
  readonly #options: ConformanceOptions;
  #found: Promise<PluginSource> | undefined;
  #directory: Promise<string> | undefined;
  readonly #machines: FakeSysfs[] = [];

  constructor(options: ConformanceOptions) {
    this.#options = options;
  }

  async label(): Promise<string> {
    return this.#options.endpoint ?? (await this.#plugin()).label;
  }

  /** The sides to look at. */
  async modes(): Promise<readonly Mode[]> {
    const { modes, endpoint, machine } = this.#options;
    if (modes || endpoint) return modes ?? [];
    if (machine) return (['host', 'dpu'] as const).filter((mode) => machine[mode]);
    const { products } = (await this.#plugin()).manifest;
    return (['host', 'dpu'] as const).filter((mode) => products.some((product) => product[mode]));
  }

  async open(mode: Mode): Promise<Session> {
    const { endpoint, limits, maxVfs, nfMacs, health, carrier, settings, disruptive, freePorts } = this.#options;
    const common = {
      mode,
      // A port is for a virtual function, so that a card has no more of them.
      limits: { ...defaultLimits, ...(maxVfs !== undefined && { ports: maxVfs }), ...limits },
      ...(maxVfs !== undefined && { maxVfs }),
      ...(nfMacs && { nfMacs }),
      ...(health && { health }),
      ...(carrier && { carrier }),
      ...(disruptive && { disruptive }),
      ...(freePorts && { freePorts }),
    } satisfies Partial<SessionOptions>;
    if (endpoint) {
      const identifier = this.#options.identifier ?? 'conformance';
      return new Session({ ...common, identifier, socketPath: endpoint.slice('unix://'.length) });
    }
    const source = await this.#plugin();
    const { directory, manifest } = source;
    const shutdownMs = limits?.shutdownMs ?? podOf(manifest, mode).gracePeriodSeconds * 1_000;
    const machine = this.#options.machine?.[mode];
    const stand = machine && (await standIn(machine, source, mode));
    if (stand) this.#machines.push(stand.sysfs);
    this.#directory ??= mkdtemp(join(tmpdir(), 'dpu-conformance-'));
    const socketPath = join(await this.#directory, `${mode}.sock`);
    const dpu = stand?.dpu ?? dpuWithoutCard({ packageName: source.label, manifest }, mode, hostname());
    const identifier = this.#options.identifier ?? dpu.identifier;
    const process = new VspProcess({
      dpuVsp: dpuVspModule(),
      plugin: directory,
      side: mode,
      socketPath,
      dpu: omitUndefined({ identifier, product: dpu.productName, pciAddress: dpu.functions?.[0]?.address }),
      ...(stand && { sysfs: stand.sysfs.root }),
      settings,
      secretDirectory: this.#options.secretDirectory,
      configMapDirectory: this.#options.configMapDirectory,
      // One that is slow by leave of --timeout does not hang.
      deadlineMs: Math.max(defaultDeadlineMs, 2 * common.limits.timeoutMs),
    });
    return new Session({
      ...common,
      limits: { ...common.limits, shutdownMs },
      identifier,
      socketPath,
      process,
      ...(stand && { sysfs: stand.sysfs }),
    });
  }

  async close(): Promise<void> {
    for (const machine of this.#machines) await machine[Symbol.asyncDispose]();
    if (this.#directory) await rm(await this.#directory, { recursive: true, force: true });
    await (await this.#found)?.remove();
  }

  #plugin(): Promise<PluginSource> {
    this.#found ??= findPlugin(this.#options.plugin ?? '');
    return this.#found;
  }
}

/** Where the command is, from this module: both bundled, as sources, built, or this one bundled as a library. */
const commands = [
  './dpu-vsp.mjs',
  '../../host/command/main.ts',
  '../../host/command/main.js',
  '../bundle/dpu-vsp.mjs',
  '../../bundle/dpu-vsp.mjs',
];

function dpuVspModule(): string {
  const files = commands.map((command) => fileURLToPath(new URL(command, import.meta.url)));
  const file = files.find((each) => existsSync(each));
  if (file === undefined)
    throw new DpuError('NOT_FOUND', `there is none of ${files.join(', ')}; install the SDK again`);
  return file;
}
