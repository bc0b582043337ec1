import { isDeepStrictEqual } from 'node:util';
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';

/** Whether two states of a VendorPlugin offer the same releases, or say the same of why they do not. */
export function isSameOffer(one: VendorPlugin, other: VendorPlugin): boolean {
  const offer = ({ spec, status }: VendorPlugin) => [spec, status?.requested, status?.releases, status?.failures];
  return isDeepStrictEqual(offer(one), offer(other));
}
