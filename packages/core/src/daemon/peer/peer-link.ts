/** One gRPC channel from a host to the daemon on its DPU. */
import { DpuError } from '@dpu-operator/sdk';
import { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { ChannelEnd } from '../trust/channel-end.ts';
import type { Credentials } from '../trust/credentials.ts';
import { leavingHeader, oneBridgeHeader, ownerHeader } from './owner.ts';
import { TlsCredentials } from './tls-credentials.ts';

export interface PeerLinkOptions {
  /** Where the peer listens, as gRPC takes it. */
  address: string;
  end: Pick<ChannelEnd, 'security' | 'credentials' | 'name' | 'verify'>;
  /** Called when the `problem` of its credentials has changed. */
  onProblem: () => void;
  /** Called when a connection with newer certificates is to follow it. */
  onAging?: () => void;
  logger: Logger;
}

export interface PeerAnswer {
  healthy: boolean;
  /** Whether it keeps this host's ports apart from others'. */
  knowsOwners: boolean;
  /** Whether it is to go. */
  isLeaving: boolean;
  /** Whether it keeps no networks apart. */
  hasOneBridge: boolean;
}

/** Longer than a VSP takes for a bridge port, shorter than the kubelet waits for a sandbox. */
const callDeadlineMs = 10_000;

export class PeerLink {
  readonly client: VspClient;
  /** Undefined with plain text. */
  readonly tls: TlsCredentials | undefined;
  /** Who this host is on it. */
  readonly name: string;
  readonly security: ChannelEnd['security'];
  readonly credentials: Credentials | undefined;

  /** @throws DpuError UNAVAILABLE while this end has no certificate */
  constructor({ address, end, onProblem, onAging, logger }: PeerLinkOptions) {
    const { name, security, credentials } = end;
    if (name === undefined) throw new DpuError('UNAVAILABLE', 'this end has no certificate yet');
    this.name = name;
    this.security = security;
    this.credentials = credentials;
    this.tls = security === 'mutualTLS' ? new TlsCredentials(end, { onProblem, onAging }) : undefined;
    this.client = new VspClient({
      address,
      logger,
      deadlineMs: callDeadlineMs,
      credentials: this.tls,
      // A certificate says it better.
      metadata: this.tls ? {} : { [ownerHeader]: name },
    });
  }

  /** @throws DpuError what the peer answered, or that it did not */
  async ping(senderId: string, deadlineMs: number): Promise<PeerAnswer> {
    let said: Readonly<Record<string, string>> = {};
    try {
      const { healthy } = await this.client.ping(senderId, {
        deadlineMs,
        onMetadata: (metadata) => {
          said = metadata;
        },
      });
      this.tls?.answered();
      const knowsOwners = said[ownerHeader] === this.name;
      return {
        healthy,
        knowsOwners,
        isLeaving: said[leavingHeader] === 'true',
        // A daemon of the Go operator makes no bridges of networks.
        hasOneBridge: !knowsOwners || said[oneBridgeHeader] === 'true',
      };
    } catch (thrown) {
      const error = DpuError.from(thrown);
      if (error.code === 'PERMISSION_DENIED') this.tls?.refused(error.message);
      throw error;
    }
  }

  close(): void {
    this.tls?.close();
    this.client.close();
  }
}
