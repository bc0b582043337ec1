/**
 * Targets of gRPC that are IPv6 addresses with a zone, as `fe80::1%eth0`. The kernel dials them with it; in the URL that
 * grpc-js makes of a target it may not stand (RFC 6874, 1: it has a meaning on this machine only), and Node refuses that.
 */
import { experimental } from '@grpc/grpc-js';

type Target = experimental.GrpcUri;
type Listener = experimental.ResolverListener;

const scheme = 'zoned';

class ZonedAddressResolver implements experimental.Resolver {
  readonly #target: Target;
  readonly #listener: Listener;
  #told = false;

  constructor(target: Target, listener: Listener) {
    this.#target = target;
    this.#listener = listener;
  }

  /** As the resolver of other addresses: once, and not from within the call. */
  updateResolution(): void {
    if (this.#told) return;
    this.#told = true;
    const { host, port = 443 } = experimental.splitHostPort(this.#target.path) ?? { host: this.#target.path };
    const endpoints = [{ addresses: [{ host, port }] }];
    process.nextTick(() => this.#listener(experimental.statusOrFromValue(endpoints), {}, null, ''));
  }

  destroy(): void {
    this.#told = false;
  }

  static getDefaultAuthority({ path }: Target): string {
    return path.replace(/%[^\]]*/, '');
  }
}

experimental.registerResolver(scheme, ZonedAddressResolver);

/** @param address in brackets, with its port: `[fe80::1%eth0]:8085` */
export const zonedTarget = (address: string): string => `${scheme}:${address}`;
