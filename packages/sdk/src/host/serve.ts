/** The plugin host: serves a plugin over gRPC on a unix socket. */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { Registry } from 'prom-client';
import type { Dpu, Logger, Platform, Plugin, PluginDefinition } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { defaultDeadlineMs, withDeadline } from './calls/deadline.ts';
import { closedNevertheless, cutOffCalls } from './calls/given-up-on.ts';
import { measure } from './metrics/index.ts';
import type { MetricsServer } from './metrics/metrics-server.ts';
import type { MetricsOptions } from './metrics/options.ts';
import { OwnMetrics } from './metrics/plugin-metrics.ts';
import { NamedServer } from './named-server.ts';
import { CreatedPlugin } from './plugin/created-plugin.ts';
import { type MountedObject, mountedFiles } from './plugin/mounted-files.ts';
import { addBridgePorts } from './services/datapath/bridge-port.ts';
import { addLogicalBridges } from './services/datapath/logical-bridge.ts';
import { addNetworkConfig } from './services/datapath/network-config.ts';
import { addNetworkFunctions } from './services/datapath/network-function.ts';
import { addReplay } from './services/datapath/replay.ts';
import { addServiceChains } from './services/datapath/service-chain.ts';
import { addDevices } from './services/devices/device.ts';
import { addDeviceAllocation } from './services/devices/device-allocation.ts';
import { addDeviceWatch } from './services/devices/device-watch.ts';
import { addVirtualFunctions } from './services/devices/virtual-functions.ts';
import { addHealth } from './services/health.ts';
import { addHeartbeat } from './services/heartbeat.ts';
import { addLifeCycle } from './services/lifecycle.ts';
import { addPluginInfo } from './services/plugin-info.ts';
import { addPluginServices } from './services/plugin-services.ts';
import { addReflection } from './services/reflection.ts';
import { addStatus } from './services/status.ts';
import { PluginSession } from './session.ts';
import { prepareSocket } from './socket.ts';
import { StatusBoard } from './status/status-board.ts';

/** Which plugin is served, where, and for which DPU. */
export interface ServeOptions {
  plugin: PluginDefinition<unknown>;
  /** What the plugin is from: told to those who ask. */
  package?: { name: string; version: string };
  /** The DPU that the plugin is created for at once. Without it Init says which one it is. */
  dpu?: Dpu;
  /** Its directory must exist. Gets mode 0600. */
  socketPath: string;
  /** Validated against the manifest's schema. */
  settings: unknown;
  /** Where the keys of its Secret are. Default: it has none. */
  secret?: MountedObject;
  /** Where the keys of its ConfigMap are. Default: it has none. */
  configMap?: MountedObject;
  node: { name: string; ip: string };
  logger: Logger;
  /** Default: the machine. */
  platform?: Platform;
  /** Milliseconds that calls in flight get on close; the last apply has half as long after them. Default: 10,000, a third of what Kubernetes waits. */
  drainMs?: number;
  /** Milliseconds that create, apply or any other call may take until it is answered with DEADLINE_EXCEEDED. Default: 60,000. */
  deadlineMs?: number;
  /** Called when a call took longer. The health service says NOT_SERVING from then on: only a new process helps. */
  onHung?: (error: DpuError) => void;
  /** Nothing is measured without it. */
  metrics?: MetricsOptions;
}

/** A VSP that serves. */
export interface PluginServer {
  /** Takes no more calls, waits for those in flight, closes the plugin, removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves a plugin under both lifecycle names, with health service and reflection. It is created when its DPU is known:
 * at once, or by Init. Services that it does not have answer UNIMPLEMENTED.
 *
 * @throws DpuError those of prepareSocket, UNAVAILABLE when the socket cannot be listened on.
 */
export async function serve(options: ServeOptions): Promise<PluginServer> {
  const { socketPath, dpu, logger, drainMs = 10_000, deadlineMs = defaultDeadlineMs } = options;
  await prepareSocket(socketPath);
  const stopping = new AbortController();
  const closing = new AbortController();
  // The daemon makes the socket's directory, and takes it away with the DPU.
  const stateDirectory = join(dirname(socketPath), 'state');
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const status = new StatusBoard(logger);
  const registry = new Registry();
  const own = new OwnMetrics(registry, logger);
  const server = new NamedServer();
  const { settings, node, secret, configMap } = options;
  const { signal } = stopping;
  const reapply = () => session.reapply();
  const created = new CreatedPlugin(options, {
    logger,
    settings,
    secrets: mountedFiles('Secret', secret, signal),
    config: mountedFiles('ConfigMap', configMap, signal),
    signal,
    node,
    stateDirectory,
    status,
    metrics: own,
    reapply,
  });
  const session: PluginSession = new PluginSession({
    create: (known) => created.create(known),
    dpu,
    onCreated: (plugin) => {
      server.removeWhatIsNotServed(plugin);
      addPluginServices(server, session, plugin.services ?? []);
    },
    logger,
    deadlineMs,
    stopping: signal,
    onHung: (error) => {
      closing.abort();
      options.onHung?.(error);
    },
  });
  addServices(server, session, status, options, closing.signal);
  let metrics: MetricsServer | undefined;
  try {
    metrics = options.metrics && (await measure(session, status, registry, options.metrics));
    await listen(server, socketPath);
  } catch (error) {
    await metrics?.close();
    throw error;
  }
  logger.info({ socket: socketPath }, 'serving');
  session.start();

  const shutDown = async () => {
    stopping.abort();
    closing.abort();
    await drain(server, session, drainMs, logger);
    await metrics?.close();
    // What goes on after its callers were cut off has half as long, before the plugin is closed nevertheless.
    await withDeadline('its last apply', drainMs / 2, session.idle()).catch((error) => {
      logger.warn({ err: error }, closedNevertheless);
    });
    await created.close();
    logger.info('closed');
  };
  let closed: Promise<void> | undefined;
  return {
    close: () => {
      closed ??= shutDown();
      return closed;
    },
  };
}

function addServices(
  server: NamedServer,
  session: PluginSession,
  status: StatusBoard,
  options: ServeOptions,
  closing: AbortSignal,
): void {
  addLifeCycle(server, session);
  addDevices(server, session);
  addVirtualFunctions(server, session);
  addHeartbeat(server, session, options.node.name, status);
  addStatus(server, session, status, closing);
  addPluginInfo(server, session, options.package?.name ?? '', options.package?.version ?? '');
  addReplay(server, session);
  addDeviceWatch(server, session, options.logger, closing);
  addDeviceAllocation(server, session);
  addBridgePorts(server, session);
  addLogicalBridges(server, session);
  addNetworkFunctions(server, session);
  addServiceChains(server, session);
  addNetworkConfig(server, session);
  const services = () => server.services(session.created);
  addHealth(server, services, closing);
  addReflection(server, services, () => session.created && filesOf(session.created));
}

/** What the definitions of its services bring along, as those of proto-loader do. */
function filesOf({ services = [] }: Plugin): Uint8Array[] {
  const methods = services.flatMap(({ definition }) => Object.values(definition));
  return methods.flatMap(({ requestType }) => requestType?.fileDescriptorProtos ?? []);
}

async function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
    if (error)
      reject(new DpuError('UNAVAILABLE', `cannot listen on ${socketPath}: ${error.message}`, { cause: error }));
    else resolve();
  });
  await promise;
  await chmod(socketPath, 0o600);
}

/** Closing the listener removes the socket: Node does that, and so never removes a successor's. */
async function drain(server: Server, session: PluginSession, timeoutMs: number, logger: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer = setTimeout(() => {
    logger.warn({ timeoutMs }, cutOffCalls);
    session.cutOff();
    // For the answers to leave; a caller that does not read them is not waited for.
    timer = setTimeout(resolve, timeoutMs / 10);
  }, timeoutMs);
  server.tryShutdown(() => resolve());
  await promise;
  clearTimeout(timer);
}
