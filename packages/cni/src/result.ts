/** Results in the version of the configuration. The daemon's is of 1.0.0 or later; earlier ones are made from it. */
import { isObject } from './config.ts';

type Fields = Record<string, unknown>;

const interfaceFields = ['name', 'mac', 'sandbox'];
const routeFields = ['dst', 'gw'];

export function convertResult(result: Fields, version: string): Fields {
  const { interfaces, ips, routes, dns } = result;
  const newest = version === '1.1.0';
  const old = version.startsWith('0.');
  return {
    cniVersion: version,
    ...list('interfaces', interfaces, (fields) => (newest ? fields : pick(fields, interfaceFields))),
    ...list('ips', ips, ({ version: _, ...fields }) =>
      old ? { version: String(fields.address).includes(':') ? '6' : '4', ...fields } : fields,
    ),
    ...list('routes', routes, (fields) => (newest ? fields : pick(fields, routeFields))),
    dns: isObject(dns) ? dns : {},
  };
}

/** Empty lists are left out, as every runtime's own library does. */
function list(name: string, value: unknown, convert: (fields: Fields) => Fields): Fields {
  if (!Array.isArray(value) || value.length === 0) return {};
  return { [name]: value.filter(isObject).map(convert) };
}

function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}
