/** One side: the daemon's own managers with their sockets, without Kubernetes, and the plugin's process. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import { exec, Sysfs } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { cniServerSocket, daemonDirectory, stateDirectory, vspDirectory, vspSocket } from '../../api/index.ts';
import { AttachEngine, AttachmentStore, type ChainPlace, DeviceHomes, Devices } from '../../daemon/attach/index.ts';
import { CniServer } from '../../daemon/cni-server/index.ts';
import { attachmentsView } from '../../daemon/dpu/attachments.ts';
import { dpuIndex } from '../../daemon/dpu/dpu-index.ts';
import { DpuManager } from '../../daemon/dpu/dpu-manager.ts';
import { DevicePool } from '../../daemon/kubelet/pool.ts';
import { there } from '../../daemon/presence.ts';
import { linkNames, remains } from '../machine/remains.ts';
import { runCni } from './cni.ts';
import { makeRunPrivate } from './mounts.ts';
import type { CniCall, MethodName, Params, Result, SideStart } from './protocol.ts';
import { standIn } from './stand-in.ts';
import { VspProcess } from './vsp-process.ts';

export interface SideOptions {
  logger: Logger;
  onPrinted: (line: string) => void;
  onEnded: (how: string) => void;
}

/** Milliseconds until a DPU that is not Ready is reported as such. Cards that load firmware are not run here. */
const readyMs = 60_000;
/** Milliseconds between the heartbeats of the host side: a developer does not wait for five seconds. */
const heartbeatMs = 500;

/** The one ServiceFunctionChain that there may be. */
const chainName = 'dev/chain';

type Handlers = { [Name in MethodName]: (params: Params<Name>) => Promise<Result<Name>> };

interface Running {
  manager: DpuManager;
  engine: AttachEngine;
  server: CniServer;
  pool: DevicePool;
  vsp: VspProcess;
  socketPath: string;
  environment: Record<string, string | undefined>;
  linksBefore: ReadonlySet<string>;
}

export class Side implements Handlers {
  readonly #options: SideOptions;
  #devices = new Devices();
  /** Asked for without a pod, because the devices are no netdevs here. */
  readonly #ports = new Map<string, BridgePort>();
  #functions: Params<'createNetworkFunction'>[] = [];
  /** Names of the functions of the chain. */
  #chain: readonly string[] = [];
  readonly #stopping = new AbortController();
  #onChange: () => void = () => {};
  #running: Running | undefined;
  #prepared: Promise<void> | undefined;

  constructor(options: SideOptions) {
    this.#options = options;
  }

  async standIn({ machine, plugin, side, nodeName }: Params<'standIn'>): Promise<Result<'standIn'>> {
    await this.#preparing();
    return standIn(machine, plugin, side, nodeName);
  }

  async start(request: SideStart): Promise<null> {
    const { dpu, node, sysfs = '/sys', directory, program, settings, gracePeriodSeconds } = request;
    const { logger, onPrinted, onEnded } = this.#options;
    await this.#preparing();
    this.#devices = new Devices(sysfs, '/sys');
    mkdirSync(daemonDirectory, { recursive: true, mode: 0o700 });
    const store = new AttachmentStore({ directory: `${stateDirectory}/attachments`, logger });
    const homes = new DeviceHomes({ directory: `${stateDirectory}/device-homes`, logger });
    const attached = attachmentsView(store);
    const pool = new DevicePool();
    const manager = new DpuManager({
      dpu,
      nodeName: node.name,
      directories: { vsp: vspDirectory(dpu.name), state: `${stateDirectory}/dpus/${dpu.name}` },
      pool,
      attachments: {
        pods: (name) => attached.pods(name),
        unreadable: () => attached.unreadable(),
        bridgePorts: (name) => [...attached.bridgePorts(name), ...this.#ports.values()],
        networkFunctions: (name) => [...attached.networkFunctions(name), ...this.#singles()],
        chainMembers: (name) => [...(attached.chainMembers?.(name) ?? []), ...this.#members()],
      },
      sysfs: new Sysfs(sysfs),
      onChange: () => this.#onChange(),
      logger,
      heartbeatMs,
    });
    // Both sides are processes on one developer's machine, and nobody issues certificates there.
    manager.setChannel({ security: 'plain' });
    const dpus = {
      manager: (name: string) => (name === dpu.name ? manager : undefined),
      managers: () => [manager],
    };
    const nodeDpus = {
      sides: () => new Set([dpu.side]),
      presence: () => there(manager),
    };
    const engine = new AttachEngine({
      store,
      homes,
      index: dpuIndex(dpus, nodeDpus),
      exec,
      logger,
      chains: { of: async ({ name }) => this.#place(name) },
      devices: this.#devices,
    });
    engine.watch(this.#stopping.signal);
    const server = new CniServer({ engine, socketPath: cniServerSocket, logger });
    await server.start();
    const linksBefore = new Set(await linkNames());
    const socketPath = vspSocket(dpu.name);
    mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
    const environment = vspEnvironment(request);
    const vsp = new VspProcess({
      program,
      directory,
      socketPath,
      gracePeriodSeconds,
      onPrinted,
      onEnded: (how) => {
        onEnded(how);
        this.#onChange();
      },
    });
    this.#running = { manager, engine, server, pool, vsp, socketPath, environment, linksBefore };
    this.#startVsp(settings);
    return null;
  }

  async ready(): Promise<Result<'ready'>> {
    const { manager, vsp } = this.#started();
    await this.#until(() => manager.ready?.status === 'True' || !vsp.running);
    if (!vsp.running) return { ready: false, message: 'its VSP does not run' };
    const { status, message } = manager.ready ?? { status: 'Unknown', message: 'the VSP did not answer Init' };
    return { ready: status === 'True', message };
  }

  async capabilities(): Promise<Result<'capabilities'>> {
    const { socketPath } = this.#started();
    const client = new VspClient({ socketPath, logger: this.#options.logger });
    try {
      return (await client.getInfo())?.capabilities ?? null;
    } finally {
      client.close();
    }
  }

  async devices(): Promise<Result<'devices'>> {
    const { manager, pool } = this.#started();
    return pool.list().flatMap(({ id, healthy }) => {
      const position = manager.devices.position(id);
      return position ? [{ id, healthy, ...position, isNetdev: this.#devices.netdevOf(id) !== undefined }] : [];
    });
  }

  cni(call: CniCall): Promise<Result<'cni'>> {
    return runCni(call);
  }

  async createBridgePort(port: Params<'createBridgePort'>): Promise<null> {
    this.#ports.set(port.name, port);
    try {
      await this.#started().manager.dataPath.createBridgePort(port);
    } catch (error) {
      this.#ports.delete(port.name);
      throw error;
    }
    return null;
  }

  async deleteBridgePort({ name }: Params<'deleteBridgePort'>): Promise<null> {
    this.#ports.delete(name);
    await this.#started().manager.dataPath.deleteBridgePort(name);
    return null;
  }

  async setChain({ functions }: Params<'setChain'>): Promise<null> {
    this.#chain = functions;
    return null;
  }

  async createNetworkFunction(asked: Params<'createNetworkFunction'>): Promise<null> {
    const { inChainAs = '', ...nf } = asked;
    await this.#started().manager.dataPath.createNetworkFunction(nf, this.#place(inChainAs));
    this.#functions.push(asked);
    return null;
  }

  async deleteNetworkFunction({ inChainAs, ...nf }: Params<'deleteNetworkFunction'>): Promise<null> {
    this.#functions = this.#functions.filter(({ input }) => input !== nf.input);
    await this.#started().manager.dataPath.deleteNetworkFunction(nf, inChainAs && chainName);
    return null;
  }

  async restart({ settings }: Params<'restart'>): Promise<null> {
    const { vsp, manager } = this.#started();
    await vsp.stop();
    // Else the next look would still see the old one.
    await this.#until(() => manager.ready?.status !== 'True');
    this.#startVsp(settings);
    return null;
  }

  async stop(): Promise<Result<'stop'>> {
    const { manager, engine, server, vsp, linksBefore } = this.#started();
    await manager.tearDown();
    const exitCode = await vsp.stop();
    this.#stopping.abort();
    await server.close();
    engine.close();
    return { exitCode, ...(await remains(linksBefore)) };
  }

  #preparing(): Promise<void> {
    this.#prepared ??= makeRunPrivate();
    return this.#prepared;
  }

  #place(name: string): ChainPlace | undefined {
    if (!this.#chain.includes(name)) return undefined;
    return { chain: chainName, function: name, functions: this.#chain, generation: 1 };
  }

  #singles() {
    return this.#functions.flatMap(({ inChainAs, ...nf }) => (inChainAs === undefined ? [nf] : []));
  }

  #members() {
    return this.#functions.flatMap(({ inChainAs, ...networkFunction }) => {
      return inChainAs === undefined ? [] : [{ chain: chainName, function: inChainAs, networkFunction }];
    });
  }

  #startVsp(settings: Record<string, unknown>): void {
    const { vsp, environment } = this.#started();
    vsp.start({ ...environment, DPU_SETTINGS: JSON.stringify(settings) });
  }

  /** Resolves at the latest after some seconds. */
  async #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, readyMs);
    this.#onChange = () => isSo() && resolve();
    await promise;
    clearTimeout(timer);
  }

  #started(): Running {
    if (this.#running) return this.#running;
    throw new DpuError('FAILED_PRECONDITION', 'this side has not been started');
  }
}

/** What the operator tells a VSP's pod of its DPU and node. */
function vspEnvironment({
  dpu,
  node,
  sysfs,
  files,
  gracePeriodSeconds,
}: SideStart): Record<string, string | undefined> {
  const environment: Record<string, string | undefined> = {
    DPU_NAME: dpu.name,
    DPU_SIDE: dpu.side,
    DPU_IDENTIFIER: dpu.identifier,
    DPU_PRODUCT: dpu.productName,
    K8S_NODE: node.name,
    NODE_IP: node.ip,
    DPU_GRACE_PERIOD: String(gracePeriodSeconds),
    // Those of the developer's own environment are not for the plugin.
    DPU_SECRET: undefined,
    DPU_SECRET_DIRECTORY: files.secret,
    DPU_CONFIG_MAP: undefined,
    DPU_CONFIG_MAP_DIRECTORY: files.configMap,
    DPU_SYSFS: sysfs,
  };
  const [pci] = dpu.functions ?? [];
  if (pci) environment.DPU_PCI_ADDRESS = pci.address;
  return environment;
}
