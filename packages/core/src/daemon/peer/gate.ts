/**
 * The door of the channel on the DPU side: every connection comes through here before gRPC sees a byte of it.
 *
 * ```
 *  accept ── plain text ──────────────────────────────────────┐
 *     └── mutual TLS ── handshake ── certificate verified ────┴─> inject
 * ```
 * Who is refused does not reach gRPC, with one exception: a host whose certificate is genuine, but revoked, expired or
 * not listed, is told why on its first call, so that its own condition can say it.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { identityUri } from '../../trust/identity.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import { type Credentials, chainOf } from '../trust/credentials.ts';
import type { Outage } from './availability.ts';
import { type Caller, Callers } from './callers.ts';
import { Refusals } from './refusals.ts';

export interface GateOptions {
  end: Pick<ChannelEnd, 'security' | 'credentials' | 'verify' | 'on' | 'off'>;
  /** Takes a connection over. */
  inject: (socket: Socket) => void;
  /** Called when the channel is secured otherwise than before: hosts have other names from then on. */
  onSecurity: () => void;
  /** Called when {@link Gate.hosts} or `refusal` has changed. */
  onChange: () => void;
  logger: Logger;
}

export const limits = {
  /** A handshake costs a signature; who waits is tried again by its host. */
  handshakes: 16,
  /** From one address, so that silent connections of one do not keep all others out. Hosts behind one NAT share them. */
  handshakesOfOne: 4,
  /** Milliseconds that one may take. */
  handshakeMs: 5_000,
  connections: 1_024,
  /** Refused hosts that are being told so, and for how long in milliseconds. */
  told: 16,
  toldMs: 2_000,
  /** Milliseconds for which the condition keeps a reason while connections are refused for several. */
  saidMs: 10_000,
} as const;

const toldReasons: ReadonlySet<string> = new Set(['PeerRevoked', 'PeerExpired', 'PeerNotYetValid', 'PeerNotListed']);

/** What the other end said first is no TLS: OpenSSL's names. */
const plainTextErrors = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LAYER_FAILURE',
]);

export class Gate {
  readonly #options: GateOptions;
  readonly #refusals: Refusals;
  readonly #callers: Callers;
  /** By the address and port that they come from. */
  readonly #handshakes = new Map<string, Handshake>();
  readonly #onEndChange = () => this.#endChanged();
  #tls: TlsServer | undefined;
  #credentials: Credentials | undefined;
  #open = 0;
  #told = 0;
  #security: 'mutualTLS' | 'plain';
  #refusal: Outage | undefined;
  /** By performance.now(). */
  #saidUntil = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    const { end, onChange, logger } = options;
    this.#refusals = new Refusals(logger);
    this.#security = end.security;
    this.#callers = new Callers({
      verify: (certificate, chain) => end.verify(certificate, chain),
      onEnded: ({ socket, uri }, refusal) => {
        logger.warn({ reason: refusal.reason, identity: uri }, `a connection was ended: ${refusal.message}`);
        this.#said(refusal);
        socket.destroy();
      },
      onChange,
    });
    this.#renewContext();
    end.on('change', this.#onEndChange);
  }

  /** SPIFFE IDs of the hosts that are connected. */
  hosts(): string[] {
    return this.#callers.identities();
  }

  /** Connections that were let in. */
  callers(): Caller[] {
    return this.#callers.list();
  }

  /** Why a host was refused last; undefined since one was let in. */
  get refusal(): Outage | undefined {
    return this.#refusal;
  }

  /** Who is at the other end of a call. @param origin address and port, as gRPC names a call's peer */
  caller(origin: string) {
    return this.#callers.get(origin);
  }

  accept(socket: Socket): void {
    // Whoever resets a connection harms only itself.
    socket.on('error', () => {});
    const origin = originOf(socket);
    if (origin === undefined) socket.destroy();
    else if (this.#open >= limits.connections) this.#refuse(socket, 'TooManyConnections', 'there are too many');
    else this.#take(origin, socket);
  }

  close(): void {
    this.#options.end.off('change', this.#onEndChange);
    this.#endAll();
  }

  #take(origin: string, socket: Socket): void {
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
    });
    if (this.#security === 'plain') this.#letIn(origin, { socket });
    // Before the operator has answered there is nothing to show; hosts try again.
    else if (!this.#tls) socket.destroy();
    else if (this.#handshakes.size >= limits.handshakes) {
      this.#refuse(socket, 'TooManyHandshakes', 'too many others are saying who they are');
    } else if (this.#handshakesFrom(socket) >= limits.handshakesOfOne) {
      this.#refuse(socket, 'TooManyHandshakes', 'too many of this address are saying who they are');
    } else this.#handshake(this.#tls, origin, socket);
  }

  #handshakesFrom({ remoteAddress }: Socket): number {
    return [...this.#handshakes.values()].filter(({ socket }) => socket.remoteAddress === remoteAddress).length;
  }

  #handshake(tls: TlsServer, origin: string, socket: Socket): void {
    const late = () => this.#refuse(socket, 'HandshakeTimeout', `it was not done within ${limits.handshakeMs} ms`);
    const timer = setTimeout(late, limits.handshakeMs).unref();
    const handshake: Handshake = {
      socket,
      over: () => {
        clearTimeout(timer);
        if (this.#handshakes.get(origin) === handshake) this.#handshakes.delete(origin);
      },
    };
    this.#handshakes.set(origin, handshake);
    socket.once('close', handshake.over);
    tls.emit('connection', socket);
  }

  #secured(socket: TLSSocket): void {
    socket.on('error', () => {});
    const origin = originOf(socket);
    const handshake = origin === undefined ? undefined : this.#handshakes.get(origin);
    if (origin === undefined || !handshake) {
      socket.destroy();
      return;
    }
    handshake.over();
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) this.#refuse(socket, 'PeerNoCertificate', 'it showed no certificate');
    else if (socket.alpnProtocol !== 'h2') this.#refuse(socket, 'PeerNoHttp2', 'it does not speak HTTP/2');
    else this.#judge(origin, socket, certificate);
  }

  #judge(origin: string, socket: TLSSocket, certificate: X509Certificate): void {
    const chain = chainOf(certificate);
    const { identity, refusal } = this.#options.end.verify(certificate, chain);
    if (identity) {
      this.#letIn(origin, { socket, uri: identityUri(identity), certificate, chain });
      return;
    }
    this.#said(refusal);
    if (toldReasons.has(refusal.reason) && this.#told < limits.told) this.#refuseWithReason(origin, socket, refusal);
    else this.#refuse(socket, refusal.reason, refusal.message);
  }

  #letIn(origin: string, caller: Caller): void {
    const { inject, onChange } = this.#options;
    if (!this.#callers.add(origin, caller)) {
      this.#refuse(caller.socket, 'TooManyOfOneHost', 'this host has too many connections');
      return;
    }
    if (!caller.refusal && this.#refusal) {
      this.#refusal = undefined;
      onChange();
    }
    inject(caller.socket);
  }

  #refuseWithReason(origin: string, socket: TLSSocket, refusal: Outage): void {
    this.#refusals.add(refusal.reason, addressOf(socket), refusal.message);
    this.#told += 1;
    const timer = setTimeout(() => socket.destroy(), limits.toldMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#told -= 1;
    });
    this.#letIn(origin, { socket, refusal });
  }

  #refuse(socket: Socket, reason: string, message: string): void {
    this.#refusals.add(reason, addressOf(socket), message);
    socket.destroy();
  }

  /** For the condition. Strangers may knock as often as they like: what stands there is not changed each time. */
  #said(refusal: Outage): void {
    const isNews = this.#refusal?.reason !== refusal.reason && performance.now() >= this.#saidUntil;
    if (!isNews) return;
    this.#refusal = refusal;
    this.#saidUntil = performance.now() + limits.saidMs;
    this.#options.onChange();
  }

  #clientError(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const isPlain = plainTextErrors.has(error.code ?? '');
    const address = addressOf(socket);
    socket.destroy();
    if (isPlain) {
      const message = `${address} speaks plain text: set spec.channel.security for both sides alike`;
      this.#said({ reason: 'PeerWantsPlain', message });
      this.#refusals.add('PeerWantsPlain', address, message);
    } else this.#refusals.add('HandshakeFailed', address, error.message);
  }

  #endChanged(): void {
    const { security } = this.#options.end;
    if (security !== this.#security) {
      this.#security = security;
      this.#refusal = undefined;
      this.#endAll();
      this.#options.onSecurity();
    }
    this.#saidUntil = 0;
    this.#renewContext();
    this.#callers.verify();
  }

  #endAll(): void {
    this.#callers.close();
    for (const { socket } of [...this.#handshakes.values()]) socket.destroy();
  }

  /** Connections that are open keep the certificate that they began with. */
  #renewContext(): void {
    const { credentials } = this.#options.end;
    if (credentials === this.#credentials) return;
    this.#credentials = credentials;
    if (!credentials) {
      this.#tls = undefined;
      return;
    }
    this.#tls ??= this.#makeTls();
    this.#tls.setSecureContext({ key: credentials.key, cert: credentials.pem, minVersion: 'TLSv1.3' });
  }

  /** It listens nowhere. Who is at the other end is for {@link verifyPeer} to say, not for OpenSSL. */
  #makeTls(): TlsServer {
    const server = createServer({ requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error, socket) => this.#clientError(error, socket));
    return server;
  }
}

interface Handshake {
  socket: Socket;
  over: () => void;
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? 'an address that is gone';
}

/** As gRPC names the peer of a call. */
function originOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}
