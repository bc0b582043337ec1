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
  serviceChainService,
  statusService,
  virtualFunctionService,
} from '../../wire/definitions.ts';
import { toServiceError } from '../../wire/service-error.ts';

/** A call that passes: the decoded request, and how to let it through. Of a stream each message by itself. */
export type Tamper = (request: never, forward: (request?: object) => Promise<object>) => Promise<object>;

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
  serviceChainService,
  virtualFunctionService,
] as never;

type AnyMethod = Method<object, object, object, object>;

/**
 * @param tampers By the name of the method, e.g. `GetBridgePort`.
 * @param served The services, by a part of their names. Default: all.
 * @param onUndecodable Called with the name of a method whose request is no message.
 */
export async function breakingProxy(
  behind: string,
  socketPath: string,
  tampers: Record<string, Tamper>,
  served: readonly string[] = ['.'],
  onUndecodable: (method: string) => void = () => {},
): Promise<{ close(): void }> {
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
    server.addService(watched(service, onUndecodable), implementation);
  }
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

/** The service, with what cannot be decoded told. */
function watched(service: Record<string, AnyMethod>, onUndecodable: (method: string) => void): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer) => {
      try {
        return method.requestDeserialize(bytes);
      } catch (error) {
        onUndecodable(name);
        throw error;
      }
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods);
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
