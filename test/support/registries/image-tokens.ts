/** Gives tokens for a registry of images, which checks their signature (distribution's token authentication). */
import { createHash, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface TokenServer {
  /** The registry's settings `auth`; the certificate of `signer` has to be in the file `bundle`. */
  auth(bundle: string): object;
  /** Scopes that tokens were given for. */
  given: string[];
  stop(): Promise<void>;
}

interface Pem {
  key: string;
  certificate: string;
}

const issuer = 'tokens of a test';
const service = 'registry of a test';

/**
 * @param tls its own key and certificate
 * @param signer what it signs tokens with: a key on P-256
 * @param login who gets one
 */
export async function startTokenServer(
  tls: Pem,
  signer: Pem,
  login: { username: string; password: string },
): Promise<TokenServer> {
  const given: string[] = [];
  const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = createServer({ key: tls.key, cert: tls.certificate }, (request, response) => {
    const scope = new URL(request.url ?? '', 'https://x').searchParams.get('scope') ?? '';
    if (request.headers.authorization !== basic) {
      response.writeHead(401).end('{}');
      return;
    }
    given.push(scope);
    response.end(JSON.stringify({ token: token(scope, signer) }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const realm = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return {
    auth: (rootcertbundle) => ({ token: { realm, service, issuer, rootcertbundle } }),
    given,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function token(scope: string, { key, certificate }: Pem): string {
  const [type, name, actions = ''] = scope.split(':');
  const seconds = Math.floor(Date.now() / 1000);
  const x5c = [certificate.replace(/-----[^-]+-----|\s/g, '')];
  const claims = {
    iss: issuer,
    sub: 'somebody',
    aud: service,
    nbf: seconds - 60,
    iat: seconds - 60,
    exp: seconds + 3600,
    jti: createHash('sha256').update(randomUUID()).digest('hex'),
    access: [{ type, name, actions: actions.split(',') }],
  };
  const parts = [{ typ: 'JWT', alg: 'ES256', x5c }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = sign('sha256', Buffer.from(parts.join('.')), { key, dsaEncoding: 'ieee-p1363' });
  return [...parts, signature.toString('base64url')].join('.');
}
