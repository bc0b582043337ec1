/** Routes: linux/rtnetlink.h `struct rtmsg`. */
import { omitUndefined } from '../../../omit-undefined.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, addressBytes, addressText, parsePrefix } from './addresses.ts';
import { Attributes, align, attribute, nested, u32 } from './attributes.ts';
import { type Message, NLM_F_APPEND, NLM_F_CREATE, type Request } from './messages.ts';

/** linux/rtnetlink.h */
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;
const RT_TABLE_UNSPEC = 0;
const RT_TABLE_MAIN = 254;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;
/** As iproute2 marks what it is told by hand. */
const RTPROT_BOOT = 3;

const rtmsgLength = 12;
/** linux/rtnetlink.h `struct rtnexthop`: length, flags, hops, ifindex; its attributes follow. */
const rtnexthopLength = 8;

/** A route that leads over a link. */
export interface Route {
  /** `10.0.0.0/8`, `::/0`. */
  destination: string;
  gateway?: string | undefined;
  /** ifindex of the link that it leads over. */
  link: number;
  metric?: number | undefined;
  /** Default: the main table. */
  table?: number | undefined;
  /** linux/rtnetlink.h enum rt_scope_t. Default: link without a gateway, else global. */
  scope?: number | undefined;
  mtu?: number | undefined;
  advmss?: number | undefined;
}

function rtmsg(family: number, prefixLength: number, table: number, scope: number): Buffer {
  return Buffer.from([family, prefixLength, 0, 0, table, RTPROT_BOOT, scope, RTN_UNICAST, 0, 0, 0, 0]);
}

function routeRequest(type: number, route: Route, what: string): Request {
  const { family, bytes, length } = parsePrefix(route.destination);
  const table = route.table ?? RT_TABLE_MAIN;
  const scope = route.scope ?? (route.gateway === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  const metrics = [
    ...(route.mtu === undefined ? [] : [u32(RTAX_MTU, route.mtu)]),
    ...(route.advmss === undefined ? [] : [u32(RTAX_ADVMSS, route.advmss)]),
  ];
  const body = Buffer.concat([
    // The field has one byte; RTA_TABLE has the whole number.
    rtmsg(family, length, table < 256 ? table : RT_TABLE_UNSPEC, scope),
    ...(length > 0 ? [attribute(RTA_DST, bytes)] : []),
    ...(route.gateway === undefined ? [] : [attribute(RTA_GATEWAY, gatewayBytes(route.gateway))]),
    u32(RTA_OIF, route.link),
    u32(RTA_TABLE, table),
    ...(route.metric === undefined ? [] : [u32(RTA_PRIORITY, route.metric)]),
    ...(metrics.length > 0 ? [nested(RTA_METRICS, ...metrics)] : []),
  ]);
  return { type, body, what };
}

const gatewayBytes = (gateway: string): Buffer => parsePrefix(gateway).bytes;

/** Where there is the same route already, the earlier one wins. */
export function appendRouteRequest(route: Route): Request {
  const request = routeRequest(RTM_NEWROUTE, route, `append route ${route.destination}`);
  return { ...request, flags: NLM_F_CREATE | NLM_F_APPEND };
}

export function deleteRouteRequest(route: Route): Request {
  return routeRequest(RTM_DELROUTE, route, `delete route ${route.destination}`);
}

export function listRoutesRequest(): Request {
  const body = Buffer.alloc(rtmsgLength);
  body[0] = AF_UNSPEC;
  return { type: RTM_GETROUTE, body, what: 'list routes' };
}

/** One for each way that a route has; none for what leads nowhere by itself: local, broadcast and multicast routes. */
export function decodeRoutes({ body }: Message): Route[] {
  const family = body[0];
  const attributes = new Attributes(body.subarray(rtmsgLength));
  if ((family !== AF_INET && family !== AF_INET6) || body[7] !== RTN_UNICAST) return [];
  const anywhere = addressBytes(family === AF_INET ? '0.0.0.0' : '::');
  const metrics = attributes.nested(RTA_METRICS);
  return waysOf(attributes).map(({ link, gateway }) =>
    omitUndefined({
      destination: `${addressText(attributes.bytes(RTA_DST) ?? anywhere)}/${body[1]}`,
      gateway: gateway && addressText(gateway),
      link,
      metric: attributes.u32(RTA_PRIORITY),
      table: attributes.u32(RTA_TABLE) ?? body[4],
      scope: body[6],
      mtu: metrics?.u32(RTAX_MTU),
      advmss: metrics?.u32(RTAX_ADVMSS),
    }),
  );
}

interface Way {
  link: number;
  gateway: Buffer | undefined;
}

function waysOf(route: Attributes): Way[] {
  const link = route.u32(RTA_OIF);
  if (link !== undefined) return [{ link, gateway: route.bytes(RTA_GATEWAY) }];
  const ways: Way[] = [];
  let rest = route.bytes(RTA_MULTIPATH) ?? Buffer.alloc(0);
  while (rest.length >= rtnexthopLength) {
    const length = rest.readUInt16LE();
    if (length < rtnexthopLength || length > rest.length) break;
    const hop = new Attributes(rest.subarray(rtnexthopLength, length));
    ways.push({ link: rest.readUInt32LE(4), gateway: hop.bytes(RTA_GATEWAY) });
    rest = rest.subarray(align(length));
  }
  return ways;
}
