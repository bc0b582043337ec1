/**
 * Reads from a registry of images (https://github.com/opencontainers/distribution-spec), over node:https: its agents know
 * proxies, and authorities can be added for one registry alone. Of the libraries for this none checks what it is sent, and
 * those that are kept up decide by a list of known vendors where a password may go.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import { z } from 'zod';
import { LookupError } from '../lookup/lookup-error.ts';
import { challengeOf, tokenUrl } from './challenge.ts';
import type { Login } from './pull-secret.ts';
import { apiHost, type ImageReference } from './reference.ts';
import { registryFault } from './registry-fault.ts';

export interface RegistryAccess {
  login: Login | undefined;
  /** PEM of authorities beside the public ones. */
  authorities: readonly string[];
  /** Whether a host, with its port, is to be reached by http. */
  isInsecure(host: string): boolean;
  /** Ends everything. */
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  body: Buffer;
  contentType: string;
}

/** Bytes: the distribution specification's own limit for a manifest. */
const largest = 4 * 1024 * 1024;
/** Milliseconds without a byte. */
const silenceMs = 10_000;
const redirections = 5;

export class RegistryClient implements Disposable {
  readonly #image: ImageReference;
  readonly #access: RegistryAccess;
  readonly #origin: string;
  readonly #agents: { http: HttpAgent; https: HttpsAgent };
  #authorization: string | undefined;

  constructor(image: ImageReference, access: RegistryAccess) {
    this.#image = image;
    this.#access = access;
    const host = apiHost(image.registry);
    this.#origin = `${access.isInsecure(host) ? 'http' : 'https'}://${host}`;
    const ca = [...getCACertificates('default'), ...access.authorities];
    this.#agents = {
      http: new HttpAgent({ proxyEnv: process.env }),
      https: new HttpsAgent({ proxyEnv: process.env, ca }),
    };
  }

  /**
   * @param path Below the repository, as `manifests/latest`.
   * @throws LookupError where the registry does not give it.
   */
  async get(path: string, accept = '*/*'): Promise<Answer> {
    const url = new URL(`${this.#origin}/v2/${this.#image.repository}/${path}`);
    const first = await this.#follow(url, accept);
    const { status, headers } = first.response;
    // Only the registry itself says where its credentials go: whoever it leads to could name a place of its own.
    if (status !== 401 || first.origin !== url.origin) return first.answer;
    const authorization = await this.#prove(headers['www-authenticate']);
    if (!authorization || authorization === this.#authorization) return first.answer;
    this.#authorization = authorization;
    return (await this.#follow(url, accept)).answer;
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** What proves who asks, in the way that the registry wants it. */
  async #prove(header: string | undefined): Promise<string | undefined> {
    const challenge = challengeOf(header ?? '');
    const { login } = this.#access;
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    if (challenge?.scheme !== 'bearer') return basic;
    const url = tokenUrl(challenge, this.#image.repository);
    if (!url) throw new LookupError('RegistryUnreachable', `${this.#image.registry} names no URL that gives tokens`);
    const { answer } = await this.#send(url, '*/*', basic);
    if (answer.status === 429 || answer.status >= 500) {
      const message = `${url.host}, which gives tokens for ${this.#image.registry}, answers ${answer.status}`;
      throw new LookupError('RegistryUnreachable', message);
    }
    const token = answer.status === 200 ? tokenOf(answer.body) : undefined;
    return token && `Bearer ${token}`;
  }

  async #follow(url: URL, accept: string) {
    let at = url;
    for (let count = 0; count < redirections; count++) {
      // Nobody but the registry sees what proves who asks.
      const sent = await this.#send(at, accept, at.origin === url.origin ? this.#authorization : undefined);
      const { location } = sent.response.headers;
      if (!location || sent.answer.status < 300 || sent.answer.status > 399) return { ...sent, origin: at.origin };
      if (!URL.canParse(location, at.href)) {
        throw new LookupError('RegistryUnreachable', `${at.host} leads to what is no address`);
      }
      at = new URL(location, at);
    }
    throw new LookupError('RegistryUnreachable', `${url} leads from one address to the next`);
  }

  async #send(url: URL, accept: string, authorization: string | undefined) {
    const { isInsecure, signal } = this.#access;
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isInsecure(url.host))) {
      const message = `${this.#image.registry} leads to ${url.origin}, without TLS: it is only followed where spec.plugins.httpRegistries of the DpuOperatorConfig has ${url.host}`;
      throw new LookupError('RegistryInsecure', message);
    }
    const headers = { accept, ...(authorization && { authorization }) };
    const secure = url.protocol === 'https:';
    const options = { headers, signal, timeout: silenceMs };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = secure
      ? httpsRequest(url, { ...options, agent: this.#agents.https }, resolve)
      : httpRequest(url, { ...options, agent: this.#agents.http }, resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    request.end();
    try {
      const response = await promise;
      const { statusCode: status = 0, headers: told } = response;
      const body = await bodyOf(response, url);
      const answer: Answer = { status, body, contentType: told['content-type'] ?? '' };
      return { response: { status, headers: told }, answer };
    } catch (error) {
      throw registryFault(error, url.host, signal);
    }
  }
}

/** Of an address only the host is told: one that a registry leads to can have a secret in it. */
async function bodyOf(response: IncomingMessage, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > largest) throw new LookupError('LookupFailed', `${url.host} answers with more than ${largest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What can stand in a header. */
const tokenSchema = z.string().regex(/^[\x21-\x7e]+$/);
const tokenAnswerSchema = z.object({ token: tokenSchema.optional(), access_token: tokenSchema.optional() });

function tokenOf(body: Buffer): string | undefined {
  try {
    const { token, access_token: other } = tokenAnswerSchema.parse(JSON.parse(body.toString('utf8')));
    return token ?? other;
  } catch {
    return undefined;
  }
}
