/** The daemon's side of the contract: calls a VSP on its unix socket, or the DPU side's daemon by TCP. */
import type { CardStatus } from '../contract/card-status.ts';
import type {
  Device,
  DeviceAllocation,
  InitRequest,
  IpPort,
  Logger,
  PluginInfo,
  VirtualFunctions,
} from '../contract/contract.ts';
import type { BridgePort, LogicalBridge, NetworkFunction, ServiceChain } from '../contract/data-path.ts';
import { DpuError } from '../errors.ts';
import {
  bridgePortService,
  deviceAllocationService,
  deviceService,
  heartbeatService,
  lifeCycleService,
  logicalBridgeService,
  type Method,
  networkConfigService,
  networkFunctionService,
  pluginInfoService,
  replayService,
  serviceChainService,
  vendorDeviceService,
  vendorHeartbeatService,
  vendorLifeCycleService,
  virtualFunctionService,
} from '../wire/grpc/definitions.ts';
import {
  bridgePortFromWire,
  bridgePortToWire,
  logicalBridgeFromWire,
  logicalBridgeToWire,
} from '../wire/mapping/bridges.ts';
import { serviceChainFromWire, serviceChainToWire } from '../wire/mapping/chains.ts';
import { allocationFromWire } from '../wire/mapping/device-allocation.ts';
import { devicesFromWire } from '../wire/mapping/devices.ts';
import { bareId, resourceId } from '../wire/mapping/names.ts';
import { pluginInfoFromWire } from '../wire/mapping/plugin-info.ts';
import { virtualFunctionsFromWire } from '../wire/mapping/virtual-functions.ts';
import { Connection, type ConnectionCredentials, type Endpoint, type TextMetadata } from './connection.ts';
import { watchDevices } from './device-watch.ts';
import { type ProgressCallbacks, watchProgress } from './progress-watch.ts';
import { watchStatus } from './status-watch.ts';

/** Init of real cards waits for firmware. */
const defaultDeadlineMs = 30_000;
/** A heartbeat that takes longer is a missed one. */
const pingDeadlineMs = 5_000;
const longestTimerMs = 2 ** 31 - 1;

/** Which VSP, and how it is called. */
export type VspClientOptions = Endpoint & {
  logger: Logger;
  /** Milliseconds that a call may take. Default: 30,000. Ping has at most 5,000. */
  deadlineMs?: number;
  /** Milliseconds for Init and SetNumVfs, which wait for the firmware of real cards. Default: `deadlineMs`. */
  firmwareDeadlineMs?: number;
  /** gRPC metadata that goes with every call. */
  metadata?: TextMetadata;
  /** How the connection is secured: `ChannelCredentials` of @grpc/grpc-js. Default: plain text. */
  credentials?: ConnectionCredentials | undefined;
};

/** Of one Ping. */
export interface PingOptions {
  /** Milliseconds until the answer. Default: the client's, and at most 5,000. */
  deadlineMs?: number;
  /** Called with the gRPC metadata that comes with the answer. */
  onMetadata?: (metadata: TextMetadata) => void;
}

/** What an update changes. */
export interface UpdateOptions {
  /**
   * Paths in the proto of what to change, e.g. `spec.logical_bridges`; `*` for all. Without them, whatever is set in
   * the resource.
   */
  updateMask?: readonly string[];
  /** Create what is not there; without it that is NOT_FOUND. */
  allowMissing?: boolean;
}

/**
 * All methods reject with a DpuError: the VSP's own, UNAVAILABLE at once when there is no connection (wait for
 * {@link VspClient.onConnectivity}), DEADLINE_EXCEEDED. A script goes on until {@link VspClient.close}.
 */
export class VspClient {
  readonly #connection: Connection;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #firmwareDeadlineMs: number;
  /** Methods that the VSP at the other end serves under the `Vendor` name only. */
  readonly #vendorNamed = new Set<string>();
  /** gRPC's own timers let a process end while it waits for a connection. */
  readonly #keepsRunning = setInterval(() => {}, longestTimerMs);

  constructor({ logger, deadlineMs, firmwareDeadlineMs, metadata, credentials, ...endpoint }: VspClientOptions) {
    this.#logger = logger;
    this.#deadlineMs = deadlineMs ?? defaultDeadlineMs;
    this.#firmwareDeadlineMs = firmwareDeadlineMs ?? this.#deadlineMs;
    this.#connection = new Connection(endpoint, metadata, credentials);
    // Another image may serve the socket next.
    this.#connection.onConnectivity((connected) => {
      if (!connected) this.#vendorNamed.clear();
    });
  }

  /** Who serves, and what of the contract; undefined where the VSP cannot tell, as those for the Go operator. */
  async getInfo(): Promise<PluginInfo | undefined> {
    try {
      return pluginInfoFromWire(await this.#call(pluginInfoService.GetPluginInfo, {}));
    } catch (error) {
      if (DpuError.from(error).code === 'UNIMPLEMENTED') return undefined;
      throw error;
    }
  }

  async init(request: InitRequest): Promise<IpPort | 'already-initialized'> {
    try {
      const { ip, port } = await this.#callEither(
        lifeCycleService.Init,
        vendorLifeCycleService.Init,
        request,
        this.#firmwareDeadlineMs,
      );
      return { ip, port };
    } catch (error) {
      // Vendors' images answer a second Init so, whatever the code.
      if (DpuError.from(error).message.includes('already initialized')) return 'already-initialized';
      throw error;
    }
  }

  async getDevices(): Promise<Device[]> {
    return devicesFromWire(await this.#callEither(deviceService.GetDevices, vendorDeviceService.GetDevices, {}));
  }

  /**
   * What a container gets with these devices beside them. What it may hold is for the caller to check.
   *
   * @throws DpuError UNIMPLEMENTED from one that does not announce `deviceAllocation`.
   */
  async allocateDevices(deviceIds: readonly string[]): Promise<DeviceAllocation> {
    const request = { deviceIds: [...deviceIds] };
    return allocationFromWire(await this.#call(deviceAllocationService.AllocateDevices, request));
  }

  /** Answers how many there are afterwards. */
  async setNumVfs(count: number): Promise<number> {
    const request = { vfCnt: count };
    const { vfCnt } = await this.#callEither(
      deviceService.SetNumVfs,
      vendorDeviceService.SetNumVfs,
      request,
      this.#firmwareDeadlineMs,
    );
    return vfCnt;
  }

  /** How many virtual functions there are and can be; undefined where the VSP cannot tell. */
  async getVirtualFunctions(): Promise<VirtualFunctions | undefined> {
    try {
      return virtualFunctionsFromWire(await this.#call(virtualFunctionService.GetVirtualFunctions, {}));
    } catch (error) {
      if (DpuError.from(error).code === 'UNIMPLEMENTED') return undefined;
      throw error;
    }
  }

  /** Answers how many virtual functions the physical function has afterwards. */
  async setNumVfsOf(pf: number, count: number): Promise<number> {
    const method = virtualFunctionService.SetNumVfsOfPf;
    return (await this.#connection.call(method, { pf, vfCnt: count }, this.#firmwareDeadlineMs)).vfCnt;
  }

  async ping(senderId: string, options: PingOptions = {}): Promise<{ healthy: boolean; responderId: string }> {
    const request = { timestamp: String(BigInt(Date.now()) * 1_000_000n), senderId };
    const response = await this.#callEither(
      heartbeatService.Ping,
      vendorHeartbeatService.Ping,
      request,
      options.deadlineMs ?? Math.min(this.#deadlineMs, pingDeadlineMs),
      options.onMetadata,
    );
    return { healthy: response.healthy, responderId: response.responderId };
  }

  /**
   * Calls back with all devices at once and after each change. VSPs without a watch are asked every 5 s.
   * Ends with the connection; returns what stops it, after which nothing is called back.
   */
  watchDevices(onDevices: (devices: Device[]) => void, onEnd: (error: DpuError | undefined) => void): () => void {
    const getDevices = () => this.getDevices();
    return watchDevices({ connection: this.#connection, getDevices, onDevices, onEnd });
  }

  /**
   * Calls back with all that the VSP says of its card at once, and after each change; before Init too. What goes beyond
   * the bounds of a status is left out. Ends with the connection, with UNIMPLEMENTED where the VSP says nothing of its
   * card; returns what stops it, after which nothing is called back.
   */
  watchStatus(onStatus: (status: CardStatus) => void, onEnd: (error: DpuError) => void): () => void {
    return watchStatus({ connection: this.#connection, onStatus, onEnd });
  }

  /**
   * Calls back with the names of resources with which the card has gone on by itself: what they are now, Get answers.
   * `onStart` is called when the VSP serves it, and nothing is missed from then on. Ends with the connection, with
   * UNIMPLEMENTED where the VSP has no such watch; returns what stops it, after which nothing is called back.
   */
  watchProgress(watch: ProgressCallbacks): () => void {
    return watchProgress({ connection: this.#connection, ...watch });
  }

  async createBridgePort(port: BridgePort): Promise<BridgePort> {
    const id = resourceId('bridgePorts', port.name, 'bridge_port.name');
    // Vendors' images read the name, and expect it bare as the Go operator sends it.
    const bridgePort = bridgePortToWire({ ...port, name: id });
    const response = await this.#call(bridgePortService.CreateBridgePort, { bridgePortId: id, bridgePort });
    // Some of them answer less than the resource, or call it otherwise (`bridge_port/host0-3`).
    return response.spec ? bridgePortFromWire({ ...response, name: id }) : port;
  }

  async updateBridgePort(port: BridgePort, options: UpdateOptions = {}): Promise<BridgePort> {
    const bridgePort = bridgePortToWire({ ...port, name: bareId('bridgePorts', port.name) });
    const request = { bridgePort, ...updateRequest(options) };
    const response = await this.#call(bridgePortService.UpdateBridgePort, request);
    return bridgePortFromWire({ ...response, name: port.name });
  }

  /** @param name `bridgePorts/{id}` or the bare id. */
  async getBridgePort(name: string): Promise<BridgePort> {
    const request = { name: bareId('bridgePorts', name) };
    return bridgePortFromWire({ ...(await this.#call(bridgePortService.GetBridgePort, request)), name });
  }

  /** @param name `bridgePorts/{id}` or the bare id. */
  async deleteBridgePort(name: string, { allowMissing }: { allowMissing: boolean }): Promise<void> {
    const request = { name: bareId('bridgePorts', name), allowMissing };
    await this.#call(bridgePortService.DeleteBridgePort, request);
  }

  /** All of them, page by page. */
  listBridgePorts(): Promise<BridgePort[]> {
    return allPages(async (pageToken) => {
      const page = await this.#call(bridgePortService.ListBridgePorts, { pageToken });
      const resources = page.bridgePorts.map((port) => bridgePortFromWire({ ...port, name: lastPart(port.name) }));
      return { resources, nextPageToken: page.nextPageToken };
    });
  }

  async createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge> {
    const id = resourceId('logicalBridges', bridge.name, 'logical_bridge.name');
    const logicalBridge = logicalBridgeToWire({ ...bridge, name: id });
    const request = { logicalBridgeId: id, logicalBridge };
    const response = await this.#call(logicalBridgeService.CreateLogicalBridge, request);
    return logicalBridgeFromWire({ ...response, name: id });
  }

  async updateLogicalBridge(bridge: LogicalBridge, options: UpdateOptions = {}): Promise<LogicalBridge> {
    const logicalBridge = logicalBridgeToWire(bridge);
    const request = { logicalBridge, ...updateRequest(options) };
    const response = await this.#call(logicalBridgeService.UpdateLogicalBridge, request);
    return logicalBridgeFromWire({ ...response, name: bridge.name });
  }

  /** @param name `logicalBridges/{id}` or the bare id. */
  async getLogicalBridge(name: string): Promise<LogicalBridge> {
    const response = await this.#call(logicalBridgeService.GetLogicalBridge, { name });
    return logicalBridgeFromWire({ ...response, name });
  }

  /** @param name `logicalBridges/{id}` or the bare id. */
  async deleteLogicalBridge(name: string, { allowMissing }: { allowMissing: boolean }): Promise<void> {
    await this.#call(logicalBridgeService.DeleteLogicalBridge, { name, allowMissing });
  }

  /** All of them, page by page. */
  listLogicalBridges(): Promise<LogicalBridge[]> {
    return allPages(async (pageToken) => {
      const page = await this.#call(logicalBridgeService.ListLogicalBridges, { pageToken });
      const all = page.logicalBridges;
      const resources = all.map((bridge) => logicalBridgeFromWire({ ...bridge, name: lastPart(bridge.name) }));
      return { resources, nextPageToken: page.nextPageToken };
    });
  }

  async createChain(chain: ServiceChain): Promise<ServiceChain> {
    const serviceChainId = resourceId('serviceChains', chain.name, 'service_chain.name');
    const request = { serviceChainId, serviceChain: serviceChainToWire(chain) };
    return serviceChainFromWire(await this.#call(serviceChainService.CreateServiceChain, request));
  }

  async updateChain(chain: ServiceChain, options: UpdateOptions = {}): Promise<ServiceChain> {
    const request = { serviceChain: serviceChainToWire(chain), ...updateRequest(options) };
    return serviceChainFromWire(await this.#call(serviceChainService.UpdateServiceChain, request));
  }

  /** @param name `serviceChains/{id}` or the bare id. */
  async getChain(name: string): Promise<ServiceChain> {
    return serviceChainFromWire(await this.#call(serviceChainService.GetServiceChain, { name }));
  }

  /** @param name `serviceChains/{id}` or the bare id. */
  async deleteChain(name: string, { allowMissing }: { allowMissing: boolean }): Promise<void> {
    await this.#call(serviceChainService.DeleteServiceChain, { name, allowMissing });
  }

  /** All of them, page by page. */
  listChains(): Promise<ServiceChain[]> {
    return allPages(async (pageToken) => {
      const page = await this.#call(serviceChainService.ListServiceChains, { pageToken });
      return { resources: page.serviceChains.map(serviceChainFromWire), nextPageToken: page.nextPageToken };
    });
  }

  async createNetworkFunction(nf: NetworkFunction): Promise<void> {
    await this.#call(networkFunctionService.CreateNetworkFunction, { ...nf });
  }

  async deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    await this.#call(networkFunctionService.DeleteNetworkFunction, { ...nf });
  }

  /**
   * Says that all that is wanted has been asked for: what the card has beside that may go.
   *
   * @returns false where the VSP cannot be told, as those for the Go operator.
   */
  async completeReplay(): Promise<boolean> {
    try {
      await this.#call(replayService.CompleteReplay, {});
      return true;
    } catch (error) {
      if (DpuError.from(error).code === 'UNIMPLEMENTED') return false;
      throw error;
    }
  }

  async setNetworkConfig(config: { isAccelerated: boolean }): Promise<void> {
    await this.#call(networkConfigService.SetDpuNetworkConfig, config);
  }

  /** Calls back on each change, and once soon when there is a connection already. Returns what ends that. */
  onConnectivity(callback: (connected: boolean) => void): () => void {
    return this.#connection.onConnectivity(callback);
  }

  close(): void {
    clearInterval(this.#keepsRunning);
    this.#connection.close();
  }

  #call<RequestIn, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
  ): Promise<ResponseOut> {
    return this.#connection.call(method, request, this.#deadlineMs);
  }

  /** Calls under the opi_api name, or the Vendor name where only that is served. */
  async #callEither<RequestIn, ResponseIn, RequestOut, ResponseOut>(
    opi: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    vendor: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
    deadlineMs = this.#deadlineMs,
    onMetadata?: (metadata: TextMetadata) => void,
  ): Promise<ResponseOut> {
    if (this.#vendorNamed.has(vendor.path)) return this.#connection.call(vendor, request, deadlineMs, onMetadata);
    try {
      return await this.#connection.call(opi, request, deadlineMs, onMetadata);
    } catch (error) {
      if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
      const response = await this.#connection.call(vendor, request, deadlineMs, onMetadata).catch((second) => {
        // Under neither name: what it said of the first tells more.
        throw DpuError.from(second).code === 'UNIMPLEMENTED' ? error : second;
      });
      this.#vendorNamed.add(vendor.path);
      this.#logger.debug({ method: vendor.path }, 'the VSP serves this method under its Vendor name only');
      return response;
    }
  }
}

/** The id in a name of whatever collection: images call theirs otherwise than the contract does. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function updateRequest({ updateMask = [], allowMissing = false }: UpdateOptions) {
  return { allowMissing, ...(updateMask.length > 0 && { updateMask: { paths: [...updateMask] } }) };
}

async function allPages<Resource>(
  list: (pageToken: string) => Promise<{ resources: Resource[]; nextPageToken: string }>,
): Promise<Resource[]> {
  const all: Resource[] = [];
  let pageToken = '';
  do {
    const page = await list(pageToken);
    all.push(...page.resources);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}
