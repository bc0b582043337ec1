/** Stands between the suite and a VSP that keeps the rules, and breaks one of them on the wire. */
import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Connection } from '../../client/connection.ts';
import {
  bridgePortService,
  deviceAllocationService,
  deviceService,
  deviceWatchService,
  heartbeatService,
  lifeCycleService,
  logicalBridgeService,
  type Method,
  networkConfigService,
  networkFunctionService,
  pluginInfoService,
  replayService,
  serviceChainService,
  statusService,
  virtualFunctionService,
} from '../../wire/grpc/definitions.ts';
import { toServiceError } from '../../wire/grpc/service-error.ts';

/** A call that passes: the decoded request, and how to let it through. Of a stream each message by itself. */
export type Tamper = (request: never, forward: (request?: object) => Promise<object>) => Promise<object>;

/** What is broken, by the name of the method, e.g. `GetBridgePort`. */
export interface Faults {
  /** What it does. By its path, `/package.Service/Method`, it is one that there is not, without a request. */
  tampers?: Record<string, Tamper>;
  /** How it takes a request from its bytes. */
  reads?: Record<string, (bytes: Buffer, decode: (bytes: Buffer) => object) => object>;
  /** How it makes the bytes of an answer. */
  writes?: Record<string, (answer: object, encode: (answer: object) => Buffer) => Buffer>;
  /** The services that are there, by a part of their names. Default: all. */
  served?: readonly string[];
  /** Lifecycle, devices and heartbeat have the names of older images. */
  vendorNames?: true;
}

const services: readonly Record<string, AnyMethod>[] = [
  bridgePortService,
  deviceAllocationService,
  deviceService,
  heartbeatService,
  lifeCycleService,
  logicalBridgeService,
  networkConfigService,
  networkFunctionService,
  pluginInfoService,
  replayService,
  serviceChainService,
  virtualFunctionService,
] as never;

type AnyMethod = Method<object, object, object, object>;

export async function breakingProxy(behind: string, socketPath: string, faults: Faults): Promise<{ close(): void }> {
  const { tampers = {}, served = ['.'] } = faults;
  const connection = new Connection({ socketPath: behind });
  await new Promise<void>((resolve) => connection.onConnectivity((isConnected) => isConnected && resolve()));
  const server = new Server();
  for (const service of services) {
    const [name = ''] = Object.values(service).map(({ path }) => path);
    if (!served.some((part) => name.includes(part))) continue;
    // What the VSP behind does not serve would be UNIMPLEMENTED from here only once its request is decoded.
    if (name === deviceAllocationService.AllocateDevices.path && !tampers.AllocateDevices) continue;
    const implementation: UntypedServiceImplementation = {};
    for (const [method, definition] of Object.entries(service)) {
      const forward = (request: object) => connection.call(definition, request, 10_000);
      implementation[method] = (
        call: { request: object },
        callback: (error: object | null, answer?: object) => void,
      ) => {
        const tamper = tampers[method];
        const answer = tamper
          ? tamper(call.request as never, (request = call.request) => forward(request))
          : forward(call.request);
        answer.then(
          (response) => callback(null, response),
          (error: unknown) => callback(toServiceError(error)),
        );
      };
    }
    server.addService(definitionOf(service, faults), implementation);
  }
  for (const [path, tamper] of Object.entries(tampers)) if (path.startsWith('/')) addMethod(server, path, tamper);
  for (const service of [deviceWatchService, statusService] as never as Record<string, AnyMethod>[]) {
    const methods = Object.entries(service).filter(([, { path }]) => served.some((part) => path.includes(part)));
    if (methods.length > 0) addWatches(server, connection, service, tampers);
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return {
    close: () => {
      server.forceShutdown();
      connection.close();
    },
  };
}

const newer = '/opi_api.lifecycle.v1alpha1.';

/** The service as it is, but for what is broken about its messages and names. */
function definitionOf(service: Record<string, AnyMethod>, faults: Faults): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const { path, requestDeserialize: decode, responseSerialize: encode } = method;
    const read = faults.reads?.[name];
    const write = faults.writes?.[name];
    const broken: AnyMethod = {
      ...method,
      path: faults.vendorNames ? path.replace(newer, '/Vendor.') : path,
      requestDeserialize: (bytes) => (read ? read(bytes, decode) : decode(bytes)),
      responseSerialize: (answer) => (write ? write(answer, encode) : encode(answer)),
    };
    return [name, broken];
  });
  return Object.fromEntries(methods);
}

function addMethod(server: Server, path: string, tamper: Tamper): void {
  const { GetDevices } = deviceService;
  const definition = { method: { ...GetDevices, path } };
  server.addService(definition, {
    method: (_: unknown, callback: (error: object | null, answer?: object) => void) => {
      tamper({} as never, async () => ({})).then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(toServiceError(error)),
      );
    },
  });
}

function addWatches(
  server: Server,
  connection: Connection,
  service: Record<string, AnyMethod>,
  tampers: Record<string, Tamper>,
): void {
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service)) {
    implementation[name] = (call: ServerWritableStream<object, object>) => {
      const fail = (error: unknown) => call.emit('error', toServiceError(error));
      const tamper = tampers[name];
      const stream = connection.stream(method, call.request);
      stream.on('data', (message: object) => {
        const answer = tamper ? tamper(call.request as never, async () => message) : Promise.resolve(message);
        answer.then((one) => call.write(one), fail);
      });
      stream.on('error', fail);
      call.on('cancelled', () => stream.cancel());
    };
  }
  server.addService(service as unknown as ServiceDefinition, implementation);
}
