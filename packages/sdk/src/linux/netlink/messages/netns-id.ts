/** Numbers by which links of one namespace name another: linux/net_namespace.h. */
import { Attributes, u32 } from './attributes.ts';
import type { Message, Request } from './messages.ts';

/** linux/rtnetlink.h */
const RTM_GETNSID = 90;
/** linux/net_namespace.h NETNSA_* */
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const NETNSA_NSID_NOT_ASSIGNED = 0xffffffff;
/** struct rtgenmsg, aligned */
const rtgenmsgLength = 4;

export function netnsIdRequest(fd: number): Request {
  const body = Buffer.concat([Buffer.alloc(rtgenmsgLength), u32(NETNSA_FD, fd)]);
  return { type: RTM_GETNSID, body, what: 'number of a network namespace', atOnce: true };
}

export function decodeNetnsId({ body }: Message): number | undefined {
  const id = new Attributes(body.subarray(rtgenmsgLength)).u32(NETNSA_NSID);
  return id === NETNSA_NSID_NOT_ASSIGNED ? undefined : id;
}
