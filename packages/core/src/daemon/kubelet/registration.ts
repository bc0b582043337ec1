/** Tells the kubelet of the device plugin. */
import { type ClientUnaryCall, credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { apiVersion, type RegisterRequest, registrationService } from './device-plugin-api.ts';
import { pluginOptions } from './plugin-server.ts';

/** The kubelet dials the plugin back before it answers; it gives up itself after 10 s. */
const deadlineMs = 12_000;

const Registration = makeClientConstructor(registrationService, 'Registration');

/** @throws the kubelet's refusal, or UNAVAILABLE where nobody listens */
export function register(plugin: {
  kubeletSocketPath: string;
  /** Name of the plugin's socket in the same directory. */
  endpoint: string;
  resourceName: string;
}): Promise<void> {
  const request: RegisterRequest = {
    version: apiVersion,
    endpoint: plugin.endpoint,
    resource_name: plugin.resourceName,
    options: pluginOptions,
  };
  const client = new Registration(`unix:${plugin.kubeletSocketPath}`, credentials.createInsecure(), {
    // The path would be sent otherwise, which Node's HTTP/2 refuses.
    'grpc.default_authority': 'localhost',
  });
  return new Promise<void>((resolve, reject) => {
    const call = client.Register as (
      request: RegisterRequest,
      options: { deadline: number },
      done: (error: ServiceError | null) => void,
    ) => ClientUnaryCall;
    call.call(client, request, { deadline: Date.now() + deadlineMs }, (error) => (error ? reject(error) : resolve()));
  }).finally(() => client.close());
}
