/** How Kubernetes spells labels and resources (apimachinery's validation). Pure. */
import { subdomain } from '../api/fields/meta.ts';

/** Of a label's value or a resource, and of a key behind its prefix. */
const segment = /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const isPrefix = (text: string): boolean => text.length <= 253 && subdomain.test(text);

export function isLabel(key: string, value: string): boolean {
  const parts = key.split('/');
  const isKey = parts.length <= 2 && segment.test(parts.at(-1) ?? '') && parts.slice(0, -1).every(isPrefix);
  return isKey && (value === '' || segment.test(value));
}

/** What device plugins offer: the names without a prefix, such as `cpu`, and those of `kubernetes.io` are Kubernetes's own. */
export function isExtendedResource(name: string): boolean {
  return name.includes('/') && isLabel(name, '') && !/^requests\.|kubernetes\.io\//.test(name);
}
