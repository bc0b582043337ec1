/** Who may read metrics: the API server says it, as it does for its own. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ApiClient } from '../client/api-client.ts';

/** What a scrape is answered with: an HTTP status, and words where that is not 200. */
export interface Verdict {
  status: 200 | 401 | 403 | 503;
  message: string;
}

export interface MetricsAccessOptions {
  client: Pick<ApiClient, 'json'>;
  /** Milliseconds since 1970. Default: the clock. */
  now?: () => number;
}

/** Milliseconds for which an answer holds: a right that is given or taken counts after that. */
const rememberedMs = 60_000;
/** Tokens whose answers are remembered: more come only from who tries them out. */
const longestMemory = 100;
/** Reviews at one time: no more load is passed on to the API server. */
const reviewsAtOnce = 8;

const reviewSchema = z.object({
  status: z
    .object({
      authenticated: z.boolean().default(false),
      user: z
        .object({
          username: z.string().default(''),
          uid: z.string().optional(),
          groups: z.array(z.string()).optional(),
          extra: z.record(z.string(), z.array(z.string())).optional(),
        })
        .default({ username: '' }),
    })
    .default({ authenticated: false, user: { username: '' } }),
});
const accessSchema = z.object({
  status: z.object({ allowed: z.boolean().default(false) }).default({ allowed: false }),
});

const refused = (status: 401 | 403 | 503, message: string): Verdict => ({ status, message });

export class MetricsAccess {
  readonly #client: Pick<ApiClient, 'json'>;
  readonly #now: () => number;
  readonly #known = new Map<string, { verdict: Promise<Verdict>; until: number }>();
  #running = 0;

  constructor({ client, now = Date.now }: MetricsAccessOptions) {
    this.#client = client;
    this.#now = now;
  }

  /** @param authorization the header of a request. Never rejects. */
  async check(authorization: string | undefined): Promise<Verdict> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return refused(401, 'a bearer token of this cluster is needed');
    // Tokens themselves are not kept.
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(key);
    if (known && known.until > this.#now()) return await known.verdict;
    if (this.#running >= reviewsAtOnce) return refused(503, 'too many tokens are being looked at, try again');
    const verdict = this.#review(token);
    this.#remember(key, verdict);
    const said = await verdict;
    if (said.status === 503) this.#known.delete(key);
    return said;
  }

  #remember(key: string, verdict: Promise<Verdict>): void {
    this.#known.delete(key);
    this.#known.set(key, { verdict, until: this.#now() + rememberedMs });
    const [oldest] = this.#known.keys();
    if (this.#known.size > longestMemory && oldest !== undefined) this.#known.delete(oldest);
  }

  async #review(token: string): Promise<Verdict> {
    this.#running += 1;
    try {
      const { authenticated, user } = (await this.#ask('authentication.k8s.io', 'TokenReview', reviewSchema, { token }))
        .status;
      if (!authenticated) return refused(401, 'the token is not valid in this cluster');
      const { username, ...rest } = user;
      const asked = { user: username, ...rest, nonResourceAttributes: { path: '/metrics', verb: 'get' } };
      const { allowed } = (await this.#ask('authorization.k8s.io', 'SubjectAccessReview', accessSchema, asked)).status;
      if (allowed) return { status: 200, message: '' };
      return refused(403, `${username} may not get /metrics: bind it to ClusterRole dpu-operator:metrics-reader`);
    } catch (error) {
      return refused(
        503,
        `whether the token may read metrics is not known: ${error instanceof Error ? error.message : error}`,
      );
    } finally {
      this.#running -= 1;
    }
  }

  async #ask<T>(group: string, kind: string, schema: z.ZodType<T>, spec: object): Promise<T> {
    const apiVersion = `${group}/v1`;
    const answer = await this.#client.json({
      method: 'POST',
      path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
      body: { apiVersion, kind, spec },
      timeoutMs: 10_000,
    });
    return schema.parse(answer);
  }
}
