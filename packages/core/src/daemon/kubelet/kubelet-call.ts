/** One call of the kubelet on one of its unix sockets. */
import { fromServiceError } from '@dpu-operator/sdk/wire';
import { credentials, makeClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';

export interface KubeletCall {
  socketPath: string;
  service: ServiceDefinition;
  method: string;
  request: object;
  deadlineMs: number;
}

/**
 * Each call has a connection of its own, 0.2 ms more than one that is kept (measured): grpc-js would go on dialling a
 * socket that is away, and wait at growing intervals for one that is back.
 *
 * @throws DpuError: the kubelet's refusal, UNAVAILABLE where nobody listens, DEADLINE_EXCEEDED
 */
export function callKubelet<Response>({ socketPath, service, method, request, deadlineMs }: KubeletCall) {
  const KubeletClient = makeClientConstructor(service, 'Kubelet');
  const client = new KubeletClient(`unix:${socketPath}`, credentials.createInsecure(), {
    // The path would be sent otherwise, which an HTTP/2 server may refuse.
    'grpc.default_authority': 'localhost',
  });
  type Done = (error: ServiceError | null, response?: Response) => void;
  const call = client[method] as (request: object, options: { deadline: number }, done: Done) => void;
  return new Promise<Response>((resolve, reject) => {
    call.call(client, request, { deadline: Date.now() + deadlineMs }, (error, response) => {
      if (error) reject(fromServiceError(error));
      else resolve(response as Response);
    });
  }).finally(() => client.close());
}
