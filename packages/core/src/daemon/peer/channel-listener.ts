/** Where the DPU side listens for its hosts. */
import { DpuError, type IpPort } from '@dpu-operator/sdk';
import { type ChannelServerOptions, type ServedChannel, serveChannel } from './channel-server.ts';
import { grpcAddress, parseEndpoint } from './endpoint.ts';

export class ChannelListener {
  readonly #options: ChannelServerOptions;
  #served: (ServedChannel & { wanted: string }) | undefined;
  #problem: string | undefined;
  #closed = false;

  constructor(options: ChannelServerOptions) {
    this.#options = options;
  }

  /** Why hosts cannot reach it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Undefined while it does not listen. */
  get gate(): ServedChannel['gate'] | undefined {
    return this.#served?.gate;
  }

  forgetProblem(): void {
    this.#problem = undefined;
  }

  /** @throws DpuError FAILED_PRECONDITION when it cannot listen there. */
  async listen(ipPort: IpPort): Promise<void> {
    const wanted = grpcAddress(parseEndpoint(ipPort));
    if (this.#closed || this.#served?.wanted === wanted) return;
    this.#served?.close();
    this.#served = undefined;
    try {
      const served = await serveChannel(ipPort, this.#options);
      this.#served = { ...served, wanted };
      this.#problem = undefined;
      if (this.#closed) served.close();
    } catch (error) {
      this.#problem = DpuError.from(error).message;
      throw new DpuError('FAILED_PRECONDITION', this.#problem, { cause: error });
    }
  }

  close(): void {
    this.#closed = true;
    this.#served?.close();
  }
}
