/** What may be asked of a VSP that is in use. */

const reads = /\/(Get|List|Watch|Ping|Check)[A-Za-z]*$/;

/** Whether a method only reads, by its name in the style that all services of the contract have. */
export function onlyReads(path: string): boolean {
  return reads.test(path);
}
