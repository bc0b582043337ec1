import type { Report } from '../result.ts';

/** For other programs: the whole {@link Report}. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
