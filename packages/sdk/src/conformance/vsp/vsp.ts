/** The VSP under test: any method of the wire, each call on record. */
import { bytesMethod } from '../../client/bytes-method.ts';
import { Connection } from '../../client/connection.ts';
import type { Device } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { CardStatus__Output } from '../../generated/dpu_operator/v1/CardStatus.ts';
import type { ResourceProgress__Output } from '../../generated/dpu_operator/v1/ResourceProgress.ts';
import { deviceService, deviceWatchService, type Method, statusService } from '../../wire/grpc/definitions.ts';
import { devicesFromWire } from '../../wire/mapping/devices.ts';
import { Skip } from '../breach.ts';
import type { Ledger } from '../session/ledger.ts';
import { connectedWithin } from './connected-within.ts';
import { type Exchange, show } from './exchange.ts';
import { onlyReads } from './read-only.ts';

/** How many of a check's calls are kept. */
const kept = 12;
/** Of those the newest, whatever came. The others make way for calls that failed or have no answer yet. */
const keptLast = 4;
/** A plugin may have much to load. */
const connectMs = 60_000;
const opi = '/opi_api.lifecycle.v1alpha1.';

/** Put into words only where a report asks for it. */
type RawExchange = Omit<Exchange, 'request' | 'response'> & { request: unknown; response?: unknown };

export class Vsp {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #ledger: Ledger;
  readonly #readOnly: boolean;
  #exchanges: RawExchange[] = [];
  /** Milliseconds that a change takes, for which those after it wait. */
  changeMs = 0;
  #vendorNames = false;
  #hasInit = false;
  #changedAt = Number.NEGATIVE_INFINITY;
  readonly #running = new Set<Promise<unknown>>();

  /** @param readOnly Refuses to send what could change something. */
  constructor(socketPath: string, timeoutMs: number, ledger: Ledger, readOnly: boolean) {
    this.#readOnly = readOnly;
    this.#connection = new Connection({ socketPath });
    this.#timeoutMs = timeoutMs;
    this.#ledger = ledger;
  }

  /** Whether lifecycle, devices and heartbeat have the `Vendor` names only. Known after the first call of them. */
  get vendorNames(): boolean {
    return this.#vendorNames;
  }

  /** Whether an Init has succeeded. */
  get hasInit(): boolean {
    return this.#hasInit;
  }

  /** Milliseconds since the last call that could change something was answered. */
  get quietMs(): number {
    return performance.now() - this.#changedAt;
  }

  /** @throws DpuError UNAVAILABLE after the timeout, or when `ended` says that the other side is gone. */
  async connected(ended: Promise<string>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) => reject(new DpuError('UNAVAILABLE', why));
    const timer = setTimeout(() => fail(`nobody answered within ${connectMs} ms`), connectMs);
    const stop = this.#connection.onConnectivity((isConnected) => isConnected && resolve());
    ended.then(fail, reject);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  /** Whether somebody listens, or does so again within that time. */
  reachable(withinMs: number): Promise<boolean> {
    return connectedWithin(this.#connection, withinMs);
  }

  /** @throws DpuError with the code of the answer. */
  async call<RequestIn extends object, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
  ): Promise<ResponseOut> {
    if (this.#readOnly && !onlyReads(method.path)) throw new Skip(`${method.path} would change the VSP: --disruptive`);
    if (!method.path.startsWith(opi)) return this.#recorded(method, request);
    const vendor = { ...method, path: method.path.replace(opi, '/Vendor.') };
    if (this.#vendorNames) return this.#recorded(vendor, request);
    try {
      return await this.#recorded(method, request);
    } catch (error) {
      if (DpuError.from(error).code !== 'UNIMPLEMENTED') throw error;
      const answer = await this.#recorded(vendor, request);
      this.#vendorNames = true;
      return answer;
    }
  }

  /** A message of the caller's own making; answers the bytes that came. */
  callBytes(method: Parameters<typeof bytesMethod>[0], bytes: Buffer): Promise<Buffer> {
    return this.#recorded(bytesMethod(method), bytes);
  }

  async devices(): Promise<Device[]> {
    return devicesFromWire(await this.call(deviceService.GetDevices, {}));
  }

  /** What GetDevices answers, not decoded. */
  getDevicesBytes(): Promise<Buffer> {
    const { path, requestStream, responseStream } = deviceService.GetDevices;
    const name = this.#vendorNames ? path.replace(opi, '/Vendor.') : path;
    return this.callBytes({ path: name, requestStream, responseStream }, Buffer.alloc(0));
  }

  async setNumVfs(vfCnt: number): Promise<number> {
    return (await this.call(deviceService.SetNumVfs, { vfCnt })).vfCnt;
  }

  /** @param onEnd Gets the error that ended it. */
  watchDevices(onDevices: (devices: Device[]) => void, onEnd: (error: DpuError) => void): () => void {
    const stream = this.#connection.stream(deviceWatchService.WatchDevices, {});
    stream.on('data', (response) => {
      this.#keep({ method: deviceWatchService.WatchDevices.path, request: {}, response });
      onDevices(devicesFromWire(response));
    });
    stream.on('error', onEnd);
    return () => stream.cancel();
  }

  /** What WatchStatus sends first, not filtered; undefined where that is not served. */
  firstStatus(): Promise<CardStatus__Output | undefined> {
    return this.#first(statusService.WatchStatus);
  }

  /** What WatchProgress sends first; undefined where that is not served. */
  firstProgress(): Promise<ResourceProgress__Output | undefined> {
    return this.#first(statusService.WatchProgress);
  }

  #first<RequestIn, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
  ): Promise<ResponseOut | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<ResponseOut | undefined>();
    const stream = this.#connection.stream(method, {} as RequestIn);
    const { path } = method;
    const late = () => reject(new DpuError('DEADLINE_EXCEEDED', `${path} has sent nothing in ${this.#timeoutMs} ms`));
    const timer = setTimeout(late, this.#timeoutMs);
    stream.on('data', (response) => {
      this.#keep({ method: path, request: {}, response });
      resolve(response);
    });
    stream.on('error', (error) => (error.code === 'UNIMPLEMENTED' ? resolve(undefined) : reject(error)));
    return promise.finally(() => {
      clearTimeout(timer);
      stream.cancel();
    });
  }

  /** What passed since the last time. */
  takeExchanges(): Exchange[] {
    const exchanges = this.#exchanges;
    this.#exchanges = [];
    return exchanges.map(({ request, response, ...rest }) => ({
      ...rest,
      request: show(request),
      ...(response !== undefined && { response: show(response) }),
    }));
  }

  /** Resolves when no call is in flight: a check that failed may have left some. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.allSettled(this.#running);
      // What awaited one may begin the next.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #recorded<RequestIn extends object, ResponseIn, RequestOut, ResponseOut>(
    method: Method<RequestIn, ResponseIn, RequestOut, ResponseOut>,
    request: RequestIn,
  ): Promise<ResponseOut> {
    const exchange: RawExchange = { method: method.path, request };
    this.#keep(exchange);
    this.#ledger.asked(method.path, request);
    const start = performance.now();
    const call = this.#connection.call(method, request, this.#timeoutMs + this.changeMs * this.#running.size);
    this.#running.add(call);
    try {
      const response = await call;
      exchange.response = response;
      if (method.path.endsWith('/Init')) this.#hasInit = true;
      this.#ledger.answered(method.path, request);
      return response;
    } catch (cause) {
      const error = DpuError.from(cause);
      exchange.error = `${error.code}: ${error.message}`;
      throw error;
    } finally {
      this.#running.delete(call);
      if (!onlyReads(method.path)) this.#changedAt = performance.now();
      exchange.durationMs = performance.now() - start;
    }
  }

  #keep(exchange: RawExchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length <= kept) return;
    const dull = this.#exchanges.slice(0, -keptLast).findIndex(({ response }) => response !== undefined);
    this.#exchanges.splice(Math.max(dull, 0), 1);
  }
}
