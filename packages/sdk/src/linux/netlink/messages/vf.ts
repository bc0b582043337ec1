/** Virtual functions as their PF's driver shows and sets them: linux/if_link.h IFLA_VF_*. */
import { DpuError } from '../../../errors.ts';
import { omitUndefined } from '../../../omit-undefined.ts';
import { Attributes, attribute, eachAttribute, nested, u32, words } from './attributes.ts';
import {
  getLinkRequest,
  ifinfomsgLength,
  type LinkReference,
  linkSelector,
  RTEXT_FILTER_VF,
  RTM_SETLINK,
} from './links.ts';
import type { Message, Request } from './messages.ts';
import { macBytes, macText } from './names.ts';

const IFLA_VFINFO_LIST = 22;
const IFLA_VF_INFO = 1;
const IFLA_VF_MAC = 1;
const IFLA_VF_VLAN = 2;
const IFLA_VF_SPOOFCHK = 4;
const IFLA_VF_LINK_STATE = 5;
const IFLA_VF_RATE = 6;
const IFLA_VF_TRUST = 9;
const IFLA_VF_VLAN_LIST = 12;
const IFLA_VF_VLAN_INFO = 1;
/** struct ifla_vf_mac: the VF's number, then MAX_ADDR_LEN bytes */
const MAX_ADDR_LEN = 32;

/** linux/if_ether.h */
const vlanProtocols = { '802.1q': 0x8100, '802.1ad': 0x88a8 } as const;
/** linux/if_link.h enum IFLA_VF_LINK_STATE_* */
const linkStates = ['auto', 'enable', 'disable'] as const;
/** What a driver writes for a setting that it does not have. */
const notReported = 0xffffffff;

/** The VLAN that the card puts on the frames of a virtual function. */
export interface VfVlan {
  /** 0 for none. */
  id: number;
  qos: number;
  protocol: keyof typeof vlanProtocols;
}

/** Settings of a VF that only its PF can make. */
export interface VfSettings {
  mac?: string;
  vlan?: VfVlan;
  /** Mbit/s; 0 for no limit. */
  minTxRate?: number;
  maxTxRate?: number;
  spoofCheck?: boolean;
  trust?: boolean;
  linkState?: (typeof linkStates)[number];
}

/** Without what its driver does not report. */
export interface Vf extends VfSettings {
  number: number;
}

/** All settings in one message. A setting that the driver refuses leaves those before it made. */
export function setVfRequest(pf: LinkReference, vf: number, settings: VfSettings): Request {
  const { mac, vlan, minTxRate, maxTxRate, spoofCheck, trust, linkState } = settings;
  if ((minTxRate === undefined) !== (maxTxRate === undefined)) {
    throw new DpuError('INVALID_ARGUMENT', `VF ${vf}: a driver sets minTxRate and maxTxRate together`);
  }
  const info: Buffer[] = [];
  if (mac !== undefined) info.push(attribute(IFLA_VF_MAC, vfMac(vf, mac)));
  if (vlan !== undefined) info.push(vlanAttribute(vf, vlan));
  if (minTxRate !== undefined && maxTxRate !== undefined) info.push(u32(IFLA_VF_RATE, vf, minTxRate, maxTxRate));
  if (spoofCheck !== undefined) info.push(u32(IFLA_VF_SPOOFCHK, vf, Number(spoofCheck)));
  if (trust !== undefined) info.push(u32(IFLA_VF_TRUST, vf, Number(trust)));
  if (linkState !== undefined) info.push(u32(IFLA_VF_LINK_STATE, vf, linkStates.indexOf(linkState)));
  const body = Buffer.concat([...linkSelector(pf), nested(IFLA_VFINFO_LIST, nested(IFLA_VF_INFO, ...info))]);
  return { type: RTM_SETLINK, body, what: `set VF ${vf} of link ${pf}` };
}

function vfMac(vf: number, mac: string): Buffer {
  return Buffer.concat([words(vf), macBytes(mac), Buffer.alloc(MAX_ADDR_LEN - 6)]);
}

/** 802.1Q in the form that drivers and kernels of every age know; 802.1ad has only the newer one. */
function vlanAttribute(vf: number, { id, qos, protocol }: VfVlan): Buffer {
  if (protocol === '802.1q') return u32(IFLA_VF_VLAN, vf, id, qos);
  const protocolBytes = Buffer.alloc(4);
  protocolBytes.writeUInt16BE(vlanProtocols[protocol]);
  const info = attribute(IFLA_VF_VLAN_INFO, Buffer.concat([words(vf, id, qos), protocolBytes]));
  return nested(IFLA_VF_VLAN_LIST, info);
}

/** Of all VFs of a PF. */
export function listVfsRequest(pf: LinkReference): Request {
  return getLinkRequest(pf, RTEXT_FILTER_VF);
}

export function decodeVfs({ body }: Message): Vf[] {
  const list = new Attributes(body.subarray(ifinfomsgLength)).bytes(IFLA_VFINFO_LIST);
  if (!list) return [];
  return [...eachAttribute(list)].filter(([type]) => type === IFLA_VF_INFO).map(([, value]) => decodeVf(value));
}

/** Every structure begins with the VF's number. */
function decodeVf(bytes: Buffer): Vf {
  const info = new Attributes(bytes);
  const setting = (type: number, index = 1) => valueAt(info.bytes(type), index);
  const flag = (type: number) => {
    const value = setting(type);
    return value === undefined ? undefined : value !== 0;
  };
  const mac = info.bytes(IFLA_VF_MAC);
  return omitUndefined({
    number: mac?.readUInt32LE() ?? 0,
    mac: mac && macText(mac.subarray(4, 10)),
    vlan: decodeVlan(info),
    minTxRate: setting(IFLA_VF_RATE, 1),
    maxTxRate: setting(IFLA_VF_RATE, 2),
    spoofCheck: flag(IFLA_VF_SPOOFCHK),
    trust: flag(IFLA_VF_TRUST),
    linkState: linkStates[setting(IFLA_VF_LINK_STATE) ?? -1],
  });
}

function valueAt(bytes: Buffer | undefined, index: number): number | undefined {
  if (!bytes || bytes.length < 4 * (index + 1)) return undefined;
  const value = bytes.readUInt32LE(4 * index);
  return value === notReported ? undefined : value;
}

/** The list has the protocol too. */
function decodeVlan(info: Attributes): VfVlan | undefined {
  const listed = info.nested(IFLA_VF_VLAN_LIST)?.bytes(IFLA_VF_VLAN_INFO);
  const plain = listed ?? info.bytes(IFLA_VF_VLAN);
  const id = valueAt(plain, 1);
  const qos = valueAt(plain, 2);
  if (id === undefined || qos === undefined) return undefined;
  const isAd = listed && listed.length >= 14 && listed.readUInt16BE(12) === vlanProtocols['802.1ad'];
  return { id, qos, protocol: isAd ? '802.1ad' : '802.1q' };
}
