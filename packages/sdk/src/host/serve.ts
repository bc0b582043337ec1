/** The plugin host: serves a plugin over gRPC on a unix socket. */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger, Platform, Plugin, PluginDefinition } from '../contract.ts';
import { DpuError } from '../errors.ts';
import { type PluginContainer, pluginContainer } from './container.ts';
import { defaultDeadlineMs, withDeadline } from './deadline.ts';
import { measure } from './metrics/index.ts';
import type { MetricsServer } from './metrics/metrics-server.ts';
import type { MetricsOptions } from './metrics/options.ts';
import { addBridgePorts } from './services/bridge-port.ts';
import { addDevices } from './services/device.ts';
import { addDeviceAllocation } from './services/device-allocation.ts';
import { addDeviceWatch } from './services/device-watch.ts';
import { addHealth } from './services/health.ts';
import { addHeartbeat } from './services/heartbeat.ts';
import { addLifeCycle } from './services/lifecycle.ts';
import { addLogicalBridges } from './services/logical-bridge.ts';
import { addNetworkConfig } from './services/network-config.ts';
import { addNetworkFunctions } from './services/network-function.ts';
import { addPluginInfo } from './services/plugin-info.ts';
import { addReflection } from './services/reflection.ts';
import { addServiceChains } from './services/service-chain.ts';
import { addStatus } from './services/status.ts';
import { addVirtualFunctions } from './services/virtual-functions.ts';
import { PluginSession } from './session.ts';
import { prepareSocket } from './socket.ts';
import { StatusBoard } from './status/status-board.ts';

export interface ServeOptions {
  plugin: PluginDefinition<unknown>;
  /** What the plugin is from: told to those who ask. */
  package?: { name: string; version: string };
  /** Its directory must exist. Gets mode 0600. */
  socketPath: string;
  /** Validated against the manifest's schema. */
  settings: unknown;
  node: { name: string; ip: string };
  logger: Logger;
  /** The machine, unless told. */
  platform?: Platform;
  /** Milliseconds that calls in flight get on close, 10,000 unless told: less than the 30 s that Kubernetes waits. */
  drainMs?: number;
  /** Milliseconds that create, Init or any other call may take until it is answered with DEADLINE_EXCEEDED. Default: 60,000. */
  deadlineMs?: number;
  /** Called when a call took longer. The health service says NOT_SERVING from then on: only a new process helps. */
  onHung?: (error: DpuError) => void;
  /** Nothing is measured without it. */
  metrics?: MetricsOptions;
}

export interface PluginServer {
  /** Takes no more calls, waits for those in flight, closes the plugin, removes the socket. */
  close(): Promise<void>;
}

/**
 * Creates the plugin and serves it under both lifecycle names, with health service and reflection. Services of
 * contracts that the plugin lacks answer UNIMPLEMENTED.
 *
 * @throws DpuError those of prepareSocket, what the plugin's create throws, DEADLINE_EXCEEDED when it does not answer.
 */
export async function serve(options: ServeOptions): Promise<PluginServer> {
  const { socketPath, settings, node, logger, platform, drainMs = 10_000, deadlineMs = defaultDeadlineMs } = options;
  await prepareSocket(socketPath);
  const stopping = new AbortController();
  // The daemon makes the socket's directory, and takes it away with the DPU.
  const stateDirectory = join(dirname(socketPath), 'state');
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const status = new StatusBoard(logger);
  const { signal } = stopping;
  const container = pluginContainer({ logger, settings, signal, node, stateDirectory, status, platform });
  const created = await createPlugin(options.plugin, container, stopping, deadlineMs);
  const closing = new AbortController();
  const session = new PluginSession({
    plugin: created.plugin,
    logger,
    deadlineMs,
    onHung: (error) => {
      closing.abort();
      options.onHung?.(error);
    },
  });
  const server = pluginServer(session, status, options, closing.signal);
  let metrics: MetricsServer | undefined;
  try {
    metrics = options.metrics && (await measure(session, status, options.metrics));
    await listen(server, socketPath);
  } catch (error) {
    await metrics?.close();
    await created.close();
    throw error;
  }
  logger.info({ socket: socketPath }, 'serving');

  const shutDown = async () => {
    closing.abort();
    await drain(server, session, drainMs, logger);
    await metrics?.close();
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

interface CreatedPlugin {
  plugin: Plugin;
  /** Also ends what the plugin left running. */
  close(): Promise<void>;
}

async function createPlugin(
  definition: PluginDefinition<unknown>,
  { context, dispose }: PluginContainer,
  stopping: AbortController,
  deadlineMs: number,
): Promise<CreatedPlugin> {
  const end = async (plugin?: Plugin) => {
    stopping.abort();
    try {
      await plugin?.close?.();
    } finally {
      await dispose();
    }
  };
  try {
    const creating = (async () => definition.create(context))();
    const plugin = await withDeadline('create', deadlineMs, creating);
    return { plugin, close: () => end(plugin) };
  } catch (error) {
    // What hung in create may hang here too.
    await withDeadline('its end', deadlineMs, end()).catch(() => {});
    throw error;
  }
}

function pluginServer(
  session: PluginSession,
  status: StatusBoard,
  options: ServeOptions,
  closing: AbortSignal,
): Server {
  const { plugin } = session;
  const server = new NamedServer();
  addLifeCycle(server, session);
  addDevices(server, session);
  addVirtualFunctions(server, session);
  addHeartbeat(server, session, options.node.name, status);
  addStatus(server, status, closing);
  addPluginInfo(server, session, options.package?.name ?? '', options.package?.version ?? '');
  if (plugin.watchDevices) addDeviceWatch(server, session, plugin.watchDevices.bind(plugin), closing);
  if (plugin.allocate) addDeviceAllocation(server, session, plugin.allocate.bind(plugin));
  if (plugin.bridge) {
    addBridgePorts(server, session, plugin.bridge);
    addLogicalBridges(server, session, plugin.bridge);
  }
  if (plugin.networkFunctions) addNetworkFunctions(server, session, plugin.networkFunctions);
  if (plugin.chains) addServiceChains(server, session, plugin.chains);
  if (plugin.networkConfig) addNetworkConfig(server, session, plugin.networkConfig);
  addHealth(server, server.services, closing);
  addReflection(server, server.services);
  return server;
}

/** Knows the names of its services, which health service and reflection answer. */
class NamedServer extends Server {
  readonly #services = new Set<string>();

  constructor() {
    // channelz counts every call for nobody.
    super({ 'grpc.enable_channelz': 0 });
  }

  get services(): string[] {
    return [...this.#services];
  }

  override addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    super.addService(service, implementation);
    for (const { path } of Object.values(service)) this.#services.add(path.split('/')[1] ?? path);
  }
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
    logger.warn({ timeoutMs }, 'calls in flight did not end in time and are cut off');
    session.cutOff();
    // For the answers to leave; a caller that does not read them is not waited for.
    timer = setTimeout(resolve, 1_000);
  }, timeoutMs);
  server.tryShutdown(() => resolve());
  await promise;
  clearTimeout(timer);
}
