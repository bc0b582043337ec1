import type { Server, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { DpuError } from '../../errors.ts';
import type { HealthCheckRequest__Output } from '../../generated/grpc/health/v1/HealthCheckRequest.ts';
import type { HealthCheckResponse } from '../../generated/grpc/health/v1/HealthCheckResponse.ts';
import { healthService } from '../../wire/grpc/definitions.ts';
import { toServiceError } from '../../wire/grpc/service-error.ts';

/**
 * The gRPC health checking protocol for the server and each of its services. The package grpc-health-check cannot be
 * bundled, as it reads its proto file when it is loaded.
 *
 * @param services Answers their full names.
 * @param closing Turns everything to NOT_SERVING and ends the watches.
 */
export function addHealth(server: Server, services: () => readonly string[], closing: AbortSignal): void {
  const isKnown = (name: string) => name === '' || services().includes(name);
  const status = () => (closing.aborted ? 'NOT_SERVING' : 'SERVING');
  server.addService(healthService, {
    Check: (
      { request }: ServerUnaryCall<HealthCheckRequest__Output, HealthCheckResponse>,
      callback: sendUnaryData<HealthCheckResponse>,
    ) => {
      if (isKnown(request.service)) callback(null, { status: status() });
      else callback(toServiceError(new DpuError('NOT_FOUND', `there is no service ${request.service}`)));
    },
    Watch: (call: ServerWritableStream<HealthCheckRequest__Output, HealthCheckResponse>) => {
      const wasKnown = isKnown(call.request.service);
      call.write({ status: wasKnown ? status() : 'SERVICE_UNKNOWN' });
      const end = () => {
        if (wasKnown) call.write({ status: status() });
        call.end();
      };
      closing.addEventListener('abort', end);
      call.on('cancelled', () => closing.removeEventListener('abort', end));
    },
  });
}
