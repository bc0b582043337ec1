/** Results in the version of the configuration. The daemon's is of 1.0.0 or later; earlier ones are made from it. */
import { isObject } from './config.ts';

type Fields = Record<string, unknown>;

const interfaceFields = ['name', 'mac', 'sandbox'];
const routeFields = ['dst', 'gw'];

export function convertResult(result: Fields, version: string): Fields {
  if (version === '0.1.0' || version === '0.2.0') return convertToFirst(result, version);
  const { interfaces, ips, routes, dns } = result;
  const newest = version === '1.1.0';
  const old = version.startsWith('0.');
  return {
    cniVersion: version,
    ...list('interfaces', interfaces, (fields) => (newest ? fields : pick(fields, interfaceFields))),
    ...list('ips', ips, ({ version: _, ...fields }) =>
      old ? { version: isV6(fields.address) ? '6' : '4', ...fields } : fields,
    ),
    ...list('routes', routes, (fields) => (newest ? fields : pick(fields, routeFields))),
    dns: isObject(dns) ? dns : {},
  };
}

/** 0.1.0 and 0.2.0 know one address of each family, with its routes, and no interfaces. */
function convertToFirst({ ips, routes, dns }: Fields, version: string): Fields {
  const addresses = objects(ips);
  const ofFamily = (name: string, v6: boolean): Fields => {
    const address = addresses.find((fields) => isV6(fields.address) === v6);
    if (!address) return {};
    const { address: ip, gateway } = address;
    const own = objects(routes).filter(({ dst }) => isV6(dst) === v6);
    return {
      [name]: {
        ip,
        ...(gateway !== undefined && { gateway }),
        ...list('routes', own, (fields) => pick(fields, routeFields)),
      },
    };
  };
  return {
    cniVersion: version,
    ...ofFamily('ip4', false),
    ...ofFamily('ip6', true),
    dns: isObject(dns) ? dns : {},
  };
}

const isV6 = (address: unknown): boolean => String(address).includes(':');

const objects = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Empty lists are left out, as every runtime's own library does. */
function list(name: string, value: unknown, convert: (fields: Fields) => Fields): Fields {
  const found = objects(value);
  return found.length === 0 ? {} : { [name]: found.map(convert) };
}

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}
