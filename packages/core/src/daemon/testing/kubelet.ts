/** A kubelet's side of the device plugin API, on real unix sockets. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Client,
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  type AllocateRequest,
  type AllocateResponse,
  devicePluginService,
  type KubeletDevice,
  type ListAndWatchResponse,
  type PreferredAllocationRequest,
  type PreferredAllocationResponse,
  type RegisterRequest,
  registrationService,
} from '../kubelet/device-plugin-api.ts';

const Plugin = makeClientConstructor(devicePluginService, 'DevicePlugin');

/** What a kubelet calls of a plugin. */
export class PluginClient {
  readonly #client: Client & Record<string, unknown>;

  constructor(socketPath: string) {
    this.#client = new Plugin(`unix:${socketPath}`, credentials.createInsecure()) as Client & Record<string, unknown>;
  }

  allocate(...ids: string[]): Promise<AllocateResponse> {
    return this.#call<AllocateRequest, AllocateResponse>('Allocate', { container_requests: [{ devices_ids: ids }] });
  }

  preferred(request: PreferredAllocationRequest): Promise<PreferredAllocationResponse> {
    return this.#call('GetPreferredAllocation', request);
  }

  /** Calls back with each list until it is cancelled. */
  watch(onDevices: (devices: KubeletDevice[]) => void, onEnd: () => void = () => {}): { cancel(): void } {
    const stub = this.#client.ListAndWatch as (request: object) => ClientReadableStream<ListAndWatchResponse>;
    const stream = stub.call(this.#client, {});
    stream.on('data', ({ devices }: ListAndWatchResponse) => onDevices(devices));
    stream.on('error', onEnd).on('end', onEnd);
    return stream;
  }

  close(): void {
    this.#client.close();
  }

  #call<Request, Response>(method: string, request: Request): Promise<Response> {
    type Stub = (request: Request, done: (error: ServiceError | null, response: Response) => void) => void;
    return new Promise((resolve, reject) => {
      const stub = this.#client[method] as Stub;
      stub.call(this.#client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

/** Watches the devices of each plugin that registers. */
export class FakeKubelet {
  readonly registrations: RegisterRequest[] = [];
  /** As each list said, of all watches. */
  readonly lists: KubeletDevice[][] = [];
  /** Whether it watches a plugin once it has answered it. */
  watchesPlugins = true;
  readonly #directory: string;
  readonly #server = new Server();
  readonly #plugins: PluginClient[] = [];
  #watches = new Set<{ cancel(): void }>();

  constructor(directory: string) {
    this.#directory = directory;
    this.#server.addService(registrationService, {
      Register: ({ request }: ServerUnaryCall<RegisterRequest, object>, done: sendUnaryData<object>) => {
        this.registrations.push(request);
        done(null, {});
        if (this.watchesPlugins) this.#watch(request.endpoint);
      },
    });
  }

  /** As a kubelet starts: it wipes what is in the directory. */
  async start(): Promise<this> {
    const socketPath = join(this.#directory, 'kubelet.sock');
    for (const name of ['kubelet.sock', 'dpuNet.sock']) rmSync(join(this.#directory, name), { force: true });
    await new Promise<void>((resolve, reject) =>
      this.#server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    return this;
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Ends every watch; the sockets stay. */
  dropWatches(): void {
    for (const watch of this.#watches) watch.cancel();
  }

  stop(): void {
    for (const plugin of this.#plugins) plugin.close();
    this.#server.forceShutdown();
  }

  #watch(endpoint: string): void {
    const plugin = new PluginClient(join(this.#directory, endpoint));
    this.#plugins.push(plugin);
    const watch = plugin.watch(
      (devices) => this.lists.push(devices),
      () => this.#watches.delete(watch),
    );
    this.#watches.add(watch);
  }
}
