/** The webhook's HTTPS server. Each request gets an answer that the API server understands, whatever was in it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Logger } from 'pino';
import { listen } from '../kube/index.ts';
import type { KeyAndCertificate } from '../trust/x509/operations.ts';
import { limitConnections } from './connection-limit.ts';
import { hasTooManyParts, mostParts } from './json-parts.ts';
import { type Body, BodyReader, largestBody } from './request-body.ts';
import { answerReview, type ReviewOptions, refusal } from './review.ts';

/** The Go injector's. */
export const mutatePath = '/mutate';

/** Milliseconds in which a request must be complete: the API server waits no longer than 30 s for any webhook. */
const longestRequestMs = 30_000;
/** Milliseconds in which a connection's TLS must be set up. */
const handshakeMs = 10_000;
/** Milliseconds between looks for requests that last too long. */
const lookEveryMs = 5_000;
/**
 * Connections at one time. An API server has one for each call at once, 200 at most by its default
 * (`--max-mutating-requests-inflight`). Each takes 60 KB of memory, with the body of an ordinary review twice as much: 1,000 of
 * those took 180 MB.
 */
const mostConnections = 500;
/** Milliseconds. The API server keeps its connections for 90 s; one that is closed under its hands is a failed call. */
const keepAliveMs = 120_000;

export interface WebhookServerOptions extends ReviewOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  certificate: KeyAndCertificate;
  logger: Logger;
  /** Milliseconds in which a request must be complete. Default: 30,000. */
  requestMs?: number;
  /** Connections at one time: of more the one that was used least lately is closed. Default: 500. */
  connections?: number;
}

export interface WebhookServer {
  port: number;
  /** New connections get this certificate; those that are open go on. @throws Error when the two do not fit */
  use(certificate: KeyAndCertificate): void;
  /** Takes no new connections, answers what was asked, and ends. */
  close(): Promise<void>;
}

/** Serves POST /mutate. */
export async function serveWebhook(options: WebhookServerOptions): Promise<WebhookServer> {
  const { requestMs = longestRequestMs, connections = mostConnections } = options;
  const bodies = new BodyReader();
  const server = createServer(
    {
      ...secureContext(options.certificate),
      handshakeTimeout: handshakeMs,
      connectionsCheckingInterval: Math.min(lookEveryMs, requestMs),
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
    },
    (request, response) => void serve(request, response, bodies, options),
  );
  limitConnections(server, connections);
  return {
    port: await listen(server, options),
    use: (certificate) => server.setSecureContext(secureContext(certificate)),
    close: () => close(server),
  };
}

const secureContext = ({ key, certificate }: KeyAndCertificate) => ({
  key,
  cert: certificate,
  minVersion: 'TLSv1.2' as const,
});

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  bodies: BodyReader,
  options: ReviewOptions,
): Promise<void> {
  try {
    const { status, answer } = await answerRequest(request, await bodies.read(request), options);
    const text = JSON.stringify(answer);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  } catch (error) {
    // The caller has gone.
    if (request.destroyed && !request.complete) return;
    options.logger.error({ err: error }, 'a review was not answered');
    const message = error instanceof Error ? error.message : String(error);
    response
      .writeHead(500, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(refusal(undefined, 500, message)));
  }
}

async function answerRequest(request: IncomingMessage, body: Body, options: ReviewOptions) {
  const refused = (status: number, message: string) => ({ status, answer: refusal(undefined, status, message) });
  if (request.url?.split('?')[0] !== mutatePath) return refused(404, `POST ${mutatePath} is all that is served here`);
  if (request.method !== 'POST') return refused(405, `${request.method}: only POST is served here`);
  const [type] = (request.headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== 'application/json') {
    return refused(415, `Content-Type: '${type}' is not application/json`);
  }
  if ('fault' in body) {
    if (body.fault === 'TooLarge') return refused(413, `the review has more than ${largestBody} bytes`);
    return refused(503, 'too many large reviews are being read: ask again');
  }
  if (hasTooManyParts(body.text)) return refused(413, `the review has more than ${mostParts} members and elements`);
  let review: unknown;
  try {
    review = JSON.parse(body.text);
  } catch (error) {
    return refused(400, `the review is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return { status: 200, answer: await answerReview(review, options) };
}

function close(server: Server): Promise<void> {
  server.closeIdleConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
