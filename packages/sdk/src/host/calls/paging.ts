/** List paging after AIP-158 (https://google.aip.dev/158). */
import { DpuError } from '../../errors.ts';

const defaultPageSize = 50;
const maximumPageSize = 250;

export interface Page<Resource> {
  resources: Resource[];
  /** Empty on the last page. */
  nextPageToken: string;
}

/**
 * A page in the order of the names. The token holds the name of the last resource sent, so that what comes and goes
 * between two calls neither repeats nor skips others.
 *
 * @throws DpuError INVALID_ARGUMENT for a negative size or a token that was not given out.
 */
export function page<Resource extends { name: string }>(
  all: readonly Resource[],
  pageSize: number,
  pageToken: string,
): Page<Resource> {
  if (pageSize < 0) throw new DpuError('INVALID_ARGUMENT', `page_size must not be negative, is ${pageSize}`);
  const size = Math.min(pageSize || defaultPageSize, maximumPageSize);
  const after = decode(pageToken);
  const rest = all.filter(({ name }) => name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
  const resources = rest.slice(0, size);
  const last = resources.at(-1);
  return { resources, nextPageToken: last && rest.length > size ? encode(last.name) : '' };
}

function encode(name: string): string {
  return Buffer.from(`after:${name}`).toString('base64url');
}

function decode(token: string): string {
  if (token === '') return '';
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('after:')) return text.slice('after:'.length);
  throw new DpuError('INVALID_ARGUMENT', 'page_token is not one that List answered; leave it empty to start again');
}
