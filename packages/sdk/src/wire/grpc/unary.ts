/** Unary methods as async functions. */
import type { handleUnaryCall, Server, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Method } from './method.ts';
import { toServiceError } from './service-error.ts';

/** The gRPC call that a request came with. */
export type UnaryCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'sendMetadata' | 'getPeer'>;

/** For each method of a service the function that answers it. */
export type UnaryHandlers<Service> = {
  [Name in keyof Service]: Service[Name] extends Method<
    infer _RequestIn,
    infer ResponseIn,
    infer RequestOut,
    infer _Out
  >
    ? (request: RequestOut, call: UnaryCall) => Promise<ResponseIn>
    : never;
};

/** Runs a handler: the place for what all calls have in common. Its default only runs. */
export type Around = <T>(path: string, run: () => Promise<T>) => Promise<T>;

/**
 * Serves unary methods on a grpc-js server. What a handler throws reaches the caller with the code and message of
 * DpuError.from.
 */
export function addUnaryService<Service extends Record<keyof Service, Method<unknown, unknown, unknown, unknown>>>(
  server: Server,
  service: Service,
  handlers: UnaryHandlers<Service>,
  around: Around = (_path, run) => run(),
): void {
  const implementation: UntypedServiceImplementation = {};
  for (const name of Object.keys(service) as (keyof Service & string)[]) {
    const { path } = service[name];
    // The mapped type says that the handler takes what the method's requestDeserialize makes.
    const handler = handlers[name] as (request: unknown, call: UnaryCall) => Promise<unknown>;
    const handle: handleUnaryCall<unknown, unknown> = (call, callback) => {
      around(path, () => handler(call.request, call)).then(
        (response) => callback(null, response),
        (error: unknown) => callback(toServiceError(error)),
      );
    };
    implementation[name] = handle;
  }
  server.addService(service, implementation);
}
