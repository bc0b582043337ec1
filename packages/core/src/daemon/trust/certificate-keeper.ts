/**
 * Keeps one DPU's certificate: asks for it, asks again at two thirds of its life or when it counts no more, and later
 * after each failure. What is there is used until it expires.
 */
import type { Logger } from 'pino';
import { backoffDelay } from '../../retry-backoff.ts';
import { type Identity, identityUri } from '../../trust/identity.ts';
import type { Outage } from '../peer/availability.ts';
import { RequestDenied } from './certificate-requests.ts';
import { type Credentials, credentialsFrom } from './credentials.ts';

/** As they are on disk, PEM. */
export interface StoredCredentials {
  key: string;
  certificate: string;
}

export interface CertificateKeeperOptions {
  /** Who the certificate is to name; undefined while the installation is not known. */
  identity: () => Identity | undefined;
  /** A new key and its request, PEM. */
  makeRequest: (identity: Identity) => Promise<{ key: string; request: string }>;
  /** @returns the certificate, PEM */
  certify: (identity: Identity, request: string, signal: AbortSignal) => Promise<string>;
  /** Why others would not take the certificate; undefined where they would. */
  refusal: (credentials: Credentials) => string | undefined;
  load: () => StoredCredentials | undefined;
  save: (stored: StoredCredentials) => Promise<void>;
  /** Called when {@link CertificateKeeper.current} or `problem` has changed. */
  onChange: () => void;
  logger: Logger;
}

const retry = { initialMs: 1_000, maxMs: 5 * 60_000 };
/** Milliseconds: wall clocks are set now and then. */
const longestSleepMs = 3_600_000;

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #stop = new AbortController();
  #current: Credentials | undefined;
  #problem: Outage | undefined;
  #opened = false;
  #asking = false;
  #failures = 0;
  /** Of performance.now(). */
  #askAgainAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** One that has not expired. */
  get current(): Credentials | undefined {
    return this.#current && this.#current.notAfter.getTime() > Date.now() ? this.#current : undefined;
  }

  /** Why there is none, or why it is not renewed. */
  get problem(): Outage | undefined {
    return this.#problem;
  }

  /** What counts may have changed, or the time has come. */
  reconsider(): void {
    if (this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    const identity = this.#options.identity();
    if (!identity) {
      this.#setProblem({ reason: 'TrustUnknown', message: trustUnknown });
      return;
    }
    this.#open(identity);
    this.#forgetExpired();
    const good = this.#goodUntilRenewal(identity);
    if (good !== undefined && !this.#asking) this.#succeeded();
    const waitMs = good === undefined ? this.#askAgainAt - performance.now() : good - Date.now();
    if (waitMs <= 0 && !this.#asking) void this.#ask(identity);
    this.#wakeIn(this.#asking ? Number.POSITIVE_INFINITY : waitMs);
  }

  close(): void {
    this.#stop.abort(new Error('the daemon lets go of the DPU'));
    clearTimeout(this.#timer);
  }

  /** When it is to be renewed, in milliseconds since 1970; undefined where another is due now. */
  #goodUntilRenewal(identity: Identity): number | undefined {
    const { current } = this;
    const isGood = current?.uri === identityUri(identity) && this.#options.refusal(current) === undefined;
    return isGood && current.renewAt > Date.now() ? current.renewAt : undefined;
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#askAgainAt = 0;
    this.#setProblem(undefined);
  }

  #wakeIn(waitMs: number): void {
    const validMs = (this.#current?.notAfter.getTime() ?? Number.POSITIVE_INFINITY) - Date.now();
    const delay = Math.min(Math.max(Math.min(waitMs, validMs), 0) + 1, longestSleepMs);
    this.#timer = setTimeout(() => this.reconsider(), delay).unref();
  }

  #forgetExpired(): void {
    if (!this.#current || this.current) return;
    this.#current = undefined;
    this.#options.onChange();
  }

  /** What an earlier daemon was given. */
  #open(identity: Identity): void {
    const { load, logger, onChange } = this.#options;
    if (this.#opened) return;
    this.#opened = true;
    const stored = load();
    if (!stored) return;
    try {
      this.#current = credentialsFrom(stored.key, stored.certificate, identity);
      onChange();
    } catch (error) {
      logger.warn({ err: error }, 'the certificate on disk is of no use; another is asked for');
    }
  }

  async #ask(identity: Identity): Promise<void> {
    const { makeRequest, certify, save, logger, refusal } = this.#options;
    const { signal } = this.#stop;
    this.#asking = true;
    if (!this.current) this.#setProblem({ reason: 'NoCertificate', message: noCertificate });
    try {
      const { key, request } = await makeRequest(identity);
      const certificate = await certify(identity, request, signal);
      const credentials = credentialsFrom(key, certificate, identity);
      await save({ key, certificate });
      if (signal.aborted) return;
      this.#current = credentials;
      this.#options.onChange();
      logger.info({ identity: credentials.uri, notAfter: credentials.notAfter.toISOString() }, 'certificate issued');
      const why = refusal(credentials);
      if (why !== undefined) throw new Error(`the certificate that the operator issued does not count: ${why}`);
      this.#succeeded();
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
    this.#asking = false;
    this.reconsider();
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#askAgainAt = performance.now() + backoffDelay(this.#failures, retry);
    const why = error instanceof Error ? error.message : String(error);
    const isDenied = error instanceof RequestDenied;
    const advice = isDenied ? 'see the log of the operator' : 'check that the operator runs';
    this.#setProblem({ reason: isDenied ? 'RequestDenied' : 'NoCertificate', message: `${why}; ${advice}` });
    this.#options.logger.warn({ err: error }, 'no certificate; it is asked for again');
  }

  #setProblem(problem: Outage | undefined): void {
    const isSame = problem?.reason === this.#problem?.reason && problem?.message === this.#problem?.message;
    this.#problem = problem;
    if (!isSame) this.#options.onChange();
  }
}

const trustUnknown = `the operator has not said yet whom to trust: ConfigMap dpu-channel-trust is missing; see the condition Trust of the DpuOperatorConfig`;
const noCertificate =
  'the operator has not answered the CertificateSigningRequest yet; see the condition Trust of the DpuOperatorConfig';
