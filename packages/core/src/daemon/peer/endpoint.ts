/** The address of the DPU side's daemon, as VSPs write it. */
import { isIP, isIPv6 } from 'node:net';
import { DpuError, type IpPort } from '@dpu-operator/sdk';

export interface Endpoint {
  /** IPv4, IPv6 with its zone (`fe80::1%eth0`), or a host name. */
  host: string;
  port: number;
}

/**
 * Understands what VSPs answer to Init: IPv4, IPv6 bare or in brackets, link-local ones with their zone both as Go
 * listens (`[fe80::1%eth0]`) and as it dials (`[fe80::1%25eth0]`).
 *
 * @throws DpuError INVALID_ARGUMENT
 */
export function parseEndpoint({ ip, port }: IpPort): Endpoint {
  const host = ip.replace(/^\[(.*)\]$/, '$1').replace('%25', '%');
  const usable = isIP(host) !== 0 || /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(host);
  if (!usable || !Number.isInteger(port) || port < 1 || port > 65_535) {
    const answer = `"${ip}", port ${port}`;
    throw new DpuError(
      'INVALID_ARGUMENT',
      `the VSP answered Init with ${answer}: it must name the DPU daemon's address`,
    );
  }
  return { host, port };
}

/** As gRPC takes it, for listening and for dialling. */
export function grpcAddress({ host, port }: Endpoint): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
