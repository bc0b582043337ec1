/** The suite as a library: runs by itself, or as tests of a vendor's own. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DpuError } from '../errors.ts';
import { defaultDeadlineMs } from '../host/deadline.ts';
import { contractVersion } from '../manifest/contract-version.ts';
import { dpuWithoutCard } from '../manifest/dpu-without-card.ts';
import { podOf } from '../manifest/side-pod.ts';
import { omitUndefined } from '../omit-undefined.ts';
import type { FakeSysfs } from '../testing/sysfs.ts';
import type { Check, CheckDescription } from './check.ts';
import { allChecks } from './checks/index.ts';
import type { Mode } from './groups.ts';
import { type ConformanceOptions, checkOptions, defaultLimits, select } from './options.ts';
import { describeFailure } from './report/failure.ts';
import type { CheckResult, ModeReport, Report } from './result.ts';
import { ends, Session, type SessionOptions } from './session.ts';
import { standIn } from './target/machine.ts';
import { findPlugin, type PluginSource } from './target/plugin-source.ts';
import { VspProcess } from './target/vsp-process.ts';

/** What a test framework has: that of vitest and of jest. */
export interface TestFramework {
  describe(name: string, body: () => void): void;
  test(name: string, body: (context: { skip(reason?: string): void }) => Promise<void>, timeoutMs?: number): void;
  afterAll(body: () => Promise<void>, timeoutMs?: number): void;
}

/** What a run tells while it runs, and what ends it. */
export interface RunOptions {
  /** Called after each check. */
  onResult?: (result: CheckResult) => void;
  /** Ends the run after the check that is running; what was made is removed all the same. */
  signal?: AbortSignal;
}

/** The checks of a run, for a program or as tests of a test runner. */
export interface ConformanceSuite {
  /** Those that were asked for, in the order in which they run. */
  readonly checks: readonly CheckDescription[];
  /**
   * Runs all checks, one after the other, and removes what they made.
   *
   * @throws DpuError when there is no such plugin or endpoint.
   */
  run(options?: RunOptions): Promise<Report>;
  /** Makes every check a test: `suite.register({ describe, test, afterAll })`. */
  register(framework: TestFramework): void;
}

/** Many ports, and rounds of calls until memory settles. */
const checkTimeoutMs = 600_000;

/**
 * The rules of the contract as checks of one VSP.
 *
 * @example
 * import { conformanceSuite } from '@dpu-operator/sdk/conformance';
 * import { afterAll, describe, test } from 'vitest';
 *
 * conformanceSuite({ plugin: '.' }).register({ describe, test, afterAll });
 *
 * @throws DpuError INVALID_ARGUMENT naming the option.
 */
export function conformanceSuite(options: ConformanceOptions): ConformanceSuite {
  checkOptions(options);
  const selected = select(allChecks, options.only);
  const checks = options.endpoint === undefined ? withFewStarts(selected) : freshFirst(selected);
  return {
    checks,
    run: (runOptions) => run(options, checks, runOptions),
    register: (framework) => register(options, checks, framework),
  };
}

/** A VSP that the suite did not start is fresh once. */
function freshFirst(checks: readonly Check[]): Check[] {
  return [...checks.filter(({ needs }) => needs.fresh), ...checks.filter(({ needs }) => !needs.fresh)];
}

/** Of those that the suite starts, two are fresh anyway: the one that is to be weighed, and the last, which removes all. */
function withFewStarts(checks: readonly Check[]): Check[] {
  const fresh = checks.filter(({ needs }) => needs.fresh);
  const others = checks.filter(({ needs }) => !needs.fresh);
  const used = others.filter(({ needs, group }) => !needs.weighed && !ends.has(group));
  // The last of them needs a start of its own, as each ends with Init.
  return [...used, ...fresh.slice(0, -1), ...others.filter((check) => !used.includes(check)), ...fresh.slice(-1)];
}

async function run(
  options: ConformanceOptions,
  checks: readonly Check[],
  { onResult, signal }: RunOptions = {},
): Promise<Report> {
  const start = performance.now();
  const startedAt = new Date().toISOString();
  const target = new Target(options);
  const results: CheckResult[] = [];
  const modes: ModeReport[] = [];
  try {
    for (const mode of await target.modes()) {
      if (signal?.aborted) break;
      const session = await target.open(mode);
      try {
        for (const check of ofMode(checks, mode)) {
          if (signal?.aborted) break;
          const result = await session.run(check);
          for (const each of [...session.takeIncidents(), result]) {
            results.push(each);
            onResult?.(each);
          }
        }
      } finally {
        modes.push(await session.close());
        results.push(...session.takeIncidents());
      }
    }
  } finally {
    await target.close();
  }
  const has = (status: CheckResult['status']) => results.some((result) => result.status === status);
  return {
    contractVersion,
    target: await target.label(),
    startedAt,
    durationMs: performance.now() - start,
    modes,
    results,
    conforms: has('passed') && !has('failed') && modes.every(({ left }) => left.length === 0) && !signal?.aborted,
  };
}

function register(options: ConformanceOptions, checks: readonly Check[], framework: TestFramework): void {
  const target = new Target(options);
  const modes: readonly Mode[] = options.modes ?? ['host', 'dpu'];
  for (const mode of modes) {
    framework.describe(`conformance of the ${mode} side`, () => {
      let opened: Promise<Session> | undefined;
      for (const check of ofMode(checks, mode)) {
        const body = async (context: { skip(reason?: string): void }) => {
          if (!(await target.modes()).includes(mode)) return context.skip(`the plugin has no ${mode} side`);
          opened ??= target.open(mode);
          const session = await opened;
          const result = await session.run(check);
          for (const { failure } of session.takeIncidents()) if (failure) throw new Error(describeFailure(failure));
          if (result.status === 'skipped') context.skip(result.reason);
          if (result.failure) throw new Error(describeFailure(result.failure));
        };
        framework.test(`${check.id}: ${check.title}`, body, checkTimeoutMs);
      }
      framework.afterAll(async () => {
        const session = await opened;
        const left = (await session?.close())?.left ?? [];
        if (left.length > 0) throw new Error(`the suite could not remove all that it made: ${left.join('; ')}`);
        for (const { failure } of session?.takeIncidents() ?? [])
          if (failure) throw new Error(describeFailure(failure));
      }, checkTimeoutMs);
    });
  }
  framework.afterAll(() => target.close(), checkTimeoutMs);
}

function ofMode(checks: readonly Check[], mode: Mode): Check[] {
  return checks.filter(({ needs }) => needs.mode === undefined || needs.mode === mode);
}

/** Finds the VSP once, and opens its sides. */
class Target {
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
  '../host/main.ts',
  '../host/main.js',
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
