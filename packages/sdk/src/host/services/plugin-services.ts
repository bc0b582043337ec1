/** Services of a plugin's own. */
import type {
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { PluginService, ServiceMethod } from '../../contract/plugin-service.ts';
import { DpuError } from '../../errors.ts';
import { toServiceError } from '../../wire/grpc/service-error.ts';
import { serviceName } from '../../wire/grpc/services.ts';
import type { PluginSession } from '../session.ts';

/** Those of the contract, and of gRPC itself. Others of OPI (security, storage) are for whoever has them. */
const reserved = /^(dpu_operator|opi_api\.lifecycle|opi_api\.network\.evpn_gw|Vendor|grpc|google)\./;

/** @throws DpuError INTERNAL naming the service and what is wrong with it */
export function requireServices(services: readonly PluginService[]): void {
  const names = new Set<string>();
  for (const service of services) {
    const name = requireName(service, names);
    names.add(name);
    for (const [method, { requestStream }] of Object.entries(service.definition)) {
      if (typeof handlerOf(service, method) !== 'function') throw wrong(name, `nothing answers its method ${method}`);
      if (requestStream) throw wrong(name, `its method ${method} takes a stream, which is not served`);
    }
  }
}

/** @param services those that {@link requireServices} has found right */
export function addPluginServices(server: Server, session: PluginSession, services: readonly PluginService[]): void {
  for (const service of services) {
    const implementation: UntypedServiceImplementation = {};
    for (const [method, description] of Object.entries(service.definition)) {
      implementation[method] = implementationOf(session, description, service, method);
    }
    // Our own description of a method leaves out what grpc-js does not read either.
    server.addService(service.definition as Parameters<Server['addService']>[0], implementation);
  }
}

function requireName(service: PluginService, names: ReadonlySet<string>): string {
  const name = serviceName(service.definition);
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(name)) {
    throw wrong(name, 'it needs methods, and a package in its name');
  }
  const [, taken] = reserved.exec(name) ?? [];
  if (taken !== undefined) throw wrong(name, `the package ${taken} is not a vendor's`);
  if (names.has(name)) throw wrong(name, 'it is there twice');
  const stray = Object.values(service.definition).find(({ path }) => path.split('/')[1] !== name);
  if (stray) throw wrong(name, `${stray.path} is a method of another`);
  return name;
}

function handlerOf({ handlers }: PluginService, method: string): PluginService['handlers'][string] | undefined {
  return Object.hasOwn(handlers, method) ? handlers[method] : undefined;
}

function implementationOf(
  session: PluginSession,
  { path, responseStream }: ServiceMethod,
  service: PluginService,
  method: string,
) {
  const run: Run = (request, signal) => {
    const handler = handlerOf(service, method);
    if (!handler) throw new DpuError('INTERNAL', `nothing answers ${path} any more`);
    return handler.call(service.handlers, request as never, { signal });
  };
  if (responseStream) return (call: ServerWritableStream<unknown, unknown>) => void stream(session, path, call, run);
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => cancelled.abort());
    session
      .call(path, async () => run(call.request, cancelled.signal))
      .then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(toServiceError(error)),
      );
  };
}

type Run = (request: unknown, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>;

/** Until the iterable ends or the caller goes; a caller that reads slowly is waited for. */
async function stream(
  session: PluginSession,
  path: string,
  call: ServerWritableStream<unknown, unknown>,
  run: Run,
): Promise<void> {
  const cancelled = new AbortController();
  const resume = new Set<() => void>();
  const wake = () => {
    for (const each of resume) each();
    resume.clear();
  };
  call.on('drain', wake);
  call.on('cancelled', () => {
    cancelled.abort();
    wake();
  });
  try {
    await session.queued(path, async () => {
      const answers = run(call.request, cancelled.signal);
      if (!(Symbol.asyncIterator in answers)) throw new DpuError('INTERNAL', `${path} must answer an iterable`);
      for await (const answer of answers) {
        if (cancelled.signal.aborted) return;
        if (!call.write(answer)) await new Promise<void>((resolve) => resume.add(resolve));
      }
    });
    call.end();
  } catch (error) {
    cancelled.abort();
    call.emit('error', toServiceError(error));
  }
}

function wrong(name: string, why: string): DpuError {
  return new DpuError('INTERNAL', `the plugin's service ${name || 'without methods'}: ${why}`);
}
