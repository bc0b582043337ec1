/**
 * Short forms of protobuf.js' JSON descriptors. The kubelet's APIs are embedded in that form because the daemon is one
 * file that finds no `.proto` beside itself.
 */
import type protobuf from 'protobufjs/light.js';

export const field = (id: number, type: string): protobuf.IField => ({ id, type });
export const list = (id: number, type: string): protobuf.IField => ({ id, type, rule: 'repeated' });
export const texts = (id: number): protobuf.IMapField => ({ id, keyType: 'string', type: 'string' });
export const message = (fields: Record<string, protobuf.IField>): protobuf.IType => ({ fields });
export const method = (requestType: string, responseType: string): protobuf.IMethod => ({
  requestType,
  responseType,
  comment: '',
});

/** int64 as numbers, and what is not on the wire as its default. */
export const conversion: protobuf.IConversionOptions = { longs: Number, defaults: true };
