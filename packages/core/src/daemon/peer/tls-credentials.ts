/**
 * The host's end of a secured connection to the daemon on the DPU, for gRPC. Who is at the other end is asked of
 * {@link ChannelEnd.verify}, which knows installations and revocations; OpenSSL proves that the other end holds the key.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js';
import { identityUri } from '../../trust/identity.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import { chainOf } from '../trust/credentials.ts';
import type { Outage } from './availability.ts';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;
type SecureConnectResult = Awaited<ReturnType<SecureConnector['connect']>>;

/** Milliseconds that a handshake may take. */
const handshakeMs = 5_000;

/** Milliseconds: wall clocks are set now and then. */
const longestSleepMs = 3_600_000;
/** Milliseconds before the end of the other end's certificate from which on no newer one is looked for. */
const leastMs = 10_000;

/** What the other end said first is no TLS: OpenSSL's names. */
const plainTextErrors = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

/** A daemon that is killed ends a connection just after the handshake as one that refuses does, but not again and again. */
const endsOfRefusal = 3;

interface Verified {
  uri: string;
  certificate: X509Certificate;
  chain: readonly X509Certificate[];
}

export interface TlsCredentialsListener {
  /** Called when {@link TlsCredentials.problem} has changed. */
  onProblem: () => void;
  /** The other end's certificate has lost half of the life that it had: it has a newer one by now, or soon. */
  onAging?: (() => void) | undefined;
}

/** Of one gRPC channel, which has one connection at a time; each uses the certificate that is there when it is made. */
export class TlsCredentials extends ChannelCredentials {
  readonly #end: Pick<ChannelEnd, 'credentials' | 'verify'>;
  readonly #listener: TlsCredentialsListener;
  #peer: Verified | undefined;
  #problem: Outage | undefined;
  #answered = false;
  /** Connections in a row that the other end ended after the handshake, without an answer. */
  #ended = 0;
  #lastEnd: Outage | undefined;
  #closed = false;

  constructor(end: Pick<ChannelEnd, 'credentials' | 'verify'>, listener: TlsCredentialsListener) {
    super();
    this.#end = end;
    this.#listener = listener;
  }

  /** The other end's SPIFFE ID, since it has answered. */
  get peer(): string | undefined {
    return this.#answered ? this.#peer?.uri : undefined;
  }

  /** Why one of the two ends refuses the other. */
  get problem(): Outage | undefined {
    return this.#problem;
  }

  /** Why the last connection came to nothing, where that was a refusal, or may have been one. */
  get lastRefusal(): Outage | undefined {
    return this.#problem ?? this.#lastEnd;
  }

  /** The other end has taken our certificate: a server says so by serving only, with TLS 1.3. */
  answered(): void {
    this.#answered = true;
    this.#ended = 0;
    this.#lastEnd = undefined;
    this.#problem = undefined;
  }

  /** Nothing new is connected: gRPC may try once more after its channel was closed, and keep what it gets. */
  close(): void {
    this.#closed = true;
  }

  /** The other end has said why it refuses us. */
  refused(message: string): void {
    this.#say({ reason: 'RefusedByPeer', message: `the DPU side refuses this host: ${message}` });
  }

  /** Whether the other end is accepted still. */
  verify(): boolean {
    if (!this.#peer) return true;
    const { refusal } = this.#end.verify(this.#peer.certificate, this.#peer.chain);
    if (refusal) this.#say(refusal);
    return refusal === undefined;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...[, , callCredentials = CallCredentials.createEmpty()]: Parameters<ChannelCredentials['_createSecureConnector']>
  ): SecureConnector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: async () => {},
      getCallCredentials: () => callCredentials,
      destroy: () => {},
    };
  }

  #connect(socket: Socket): Promise<SecureConnectResult> {
    const credentials = this.#end.credentials;
    this.#answered = false;
    this.#peer = undefined;
    return new Promise((resolve, reject) => {
      if (this.#closed || !credentials) {
        socket.destroy();
        reject(new Error(this.#closed ? 'closed' : 'this end has no certificate yet'));
        return;
      }
      const secured = connect({
        socket,
        key: credentials.key,
        cert: credentials.pem,
        minVersion: 'TLSv1.3',
        ALPNProtocols: ['h2'],
        rejectUnauthorized: false,
      });
      const timer = setTimeout(() => secured.destroy(new Error('no answer to the TLS handshake')), handshakeMs).unref();
      secured.once('secureConnect', () => {
        clearTimeout(timer);
        const refusal = this.#secured(secured);
        if (!refusal) {
          resolve({ socket: secured, secure: true });
          return;
        }
        secured.destroy();
        reject(new Error(refusal.message));
      });
      secured.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        if (plainTextErrors.has(error.code ?? '')) this.#say(peerIsPlain);
        reject(error);
      });
      secured.once('close', () => {
        clearTimeout(timer);
        if (this.#peer && !this.#answered) this.#endedByPeer(credentials.uri);
        reject(new Error('the connection was closed'));
      });
    });
  }

  #secured(socket: TLSSocket): Outage | undefined {
    const certificate = socket.getPeerX509Certificate();
    const chain = certificate ? chainOf(certificate) : [];
    const verdict = certificate && this.#end.verify(certificate, chain);
    if (certificate && verdict?.identity) {
      this.#peer = { uri: identityUri(verdict.identity), certificate, chain };
      this.#watchEnd(socket, certificate.validToDate.getTime());
      return undefined;
    }
    const refusal = verdict?.refusal ?? { reason: 'PeerNoIdentity', message: 'the DPU side showed no certificate' };
    this.#say(refusal);
    return refusal;
  }

  /** @param end of the other end's certificate, in milliseconds since 1970 */
  #watchEnd(socket: TLSSocket, end: number): void {
    let agesAt = Date.now() + (end - Date.now()) / 2;
    let timer: NodeJS.Timeout;
    const look = () => {
      const now = Date.now();
      if (now > end && !this.verify()) {
        socket.destroy();
        return;
      }
      if (now >= agesAt && end - now > leastMs) {
        agesAt = now + (end - now) / 2;
        this.#listener.onAging?.();
      }
      wait();
    };
    const wait = () => {
      const now = Date.now();
      const next = end - now > leastMs ? agesAt : end;
      timer = setTimeout(look, Math.min(Math.max(next - now, 0) + 1_000, longestSleepMs)).unref();
    };
    wait();
    socket.once('close', () => clearTimeout(timer));
  }

  #endedByPeer(uri: string): void {
    this.#ended += 1;
    this.#lastEnd = endedByPeer(uri);
    if (this.#ended >= endsOfRefusal && !this.#isRefused) this.#say(this.#lastEnd);
  }

  get #isRefused(): boolean {
    return this.#problem?.reason === 'RefusedByPeer';
  }

  #say(problem: Outage): void {
    const isSame = this.#problem?.reason === problem.reason && this.#problem.message === problem.message;
    this.#problem = problem;
    if (!isSame) this.#listener.onProblem();
  }
}

const peerIsPlain: Outage = {
  reason: 'PeerIsPlain',
  message: 'the DPU side speaks plain text: set spec.channel.security for both sides alike',
};

const endedByPeer = (uri: string): Outage => ({
  reason: 'RefusedByPeer',
  message: `the DPU side ended the connection when it had seen the certificate of ${uri}: it does not trust this installation, see the condition Channel of its dpu object and import this trust there (dpuctl trust export, dpuctl trust import)`,
});
