/** An API client for what has to go on while the API server is short of processor time, as it is when a fleet is put there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, ApiError, type ApiRequest, isAlreadyThere } from '@dpu-operator/core/kube';

const mostAttempts = 20;
const pauseMs = 1_000;

/** Asks again where no answer came, or the server could not give one. */
export class PatientClient extends ApiClient {
  override async json(request: ApiRequest): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await super.json(request);
      } catch (error) {
        // What was created the first time, and not answered for.
        if (attempt > 1 && request.method === 'POST' && isAlreadyThere(error))
          return await super.json(created(request));
        if (attempt === mostAttempts || !isPassing(error)) throw error;
        await sleep(pauseMs, undefined, { signal: request.signal });
      }
    }
  }
}

function created({ path, body }: ApiRequest): ApiRequest {
  const { metadata } = body as { metadata: { name: string } };
  return { method: 'GET', path: `${path}/${metadata.name}` };
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500);
}
