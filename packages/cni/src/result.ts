/** Results in the version of the configuration. The daemon's is of 1.0.0 or later; earlier ones are made from it. */
import { isObject, type Json, type JsonObject } from './json.ts';

const interfaceFields = ['name', 'mac', 'sandbox'];
const routeFields = ['dst', 'gw'];

export function convertResult(result: JsonObject, version: string): JsonObject {
  if (version === '0.1.0' || version === '0.2.0') return convertToFirst(result, version);
  const newest = version === '1.1.0';
  const old = version.startsWith('0.');
  const converted: JsonObject = { cniVersion: version };
  const interfaces = objects(result.interfaces);
  setList(converted, 'interfaces', newest ? interfaces : interfaces.map((fields) => pick(fields, interfaceFields)));
  setList(
    converted,
    'ips',
    objects(result.ips).map((fields) => convertAddress(fields, old)),
  );
  const routes = objects(result.routes);
  setList(converted, 'routes', newest ? routes : pickRoutes(routes));
  converted.dns = dnsOf(result);
  return converted;
}

/** Before 1.0.0 an address said of which family it is. */
function convertAddress(fields: JsonObject, old: boolean): JsonObject {
  const converted: JsonObject = {};
  if (old) converted.version = isV6(fields.address) ? '6' : '4';
  for (const [name, value] of Object.entries(fields)) {
    if (name !== 'version') converted[name] = value;
  }
  return converted;
}

/** 0.1.0 and 0.2.0 know one address of each family, with its routes, and no interfaces. */
function convertToFirst(result: JsonObject, version: string): JsonObject {
  const converted: JsonObject = { cniVersion: version };
  setFamily(converted, 'ip4', result, false);
  setFamily(converted, 'ip6', result, true);
  converted.dns = dnsOf(result);
  return converted;
}

function setFamily(converted: JsonObject, name: string, result: JsonObject, v6: boolean): void {
  const found = objects(result.ips).find((fields) => isV6(fields.address) === v6);
  if (found === undefined) return;
  const { address, gateway } = found;
  const family: JsonObject = {};
  if (address !== undefined) family.ip = address;
  if (gateway !== undefined) family.gateway = gateway;
  const routes = objects(result.routes).filter((fields) => isV6(fields.dst) === v6);
  setList(family, 'routes', pickRoutes(routes));
  converted[name] = family;
}

const dnsOf = ({ dns }: JsonObject): JsonObject => (isObject(dns) ? dns : {});

const isV6 = (address: Json | undefined): boolean => typeof address === 'string' && address.includes(':');

function objects(value: Json | undefined): JsonObject[] {
  const found: JsonObject[] = [];
  if (!Array.isArray(value)) return found;
  for (const entry of value) {
    if (isObject(entry)) found.push(entry);
  }
  return found;
}

/** Empty lists are left out, as every runtime's own library does. */
function setList(target: JsonObject, name: string, list: JsonObject[]): void {
  if (list.length > 0) target[name] = list;
}

const pickRoutes = (routes: JsonObject[]): JsonObject[] => routes.map((fields) => pick(fields, routeFields));

function pick(fields: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) {
    if (names.includes(name)) picked[name] = value;
  }
  return picked;
}
