import { createLogger } from './log.ts';

/** Ends the process with its work: watches that are being closed would hold it for a while. */
export function exitAfter(work: Promise<void>, what: string): void {
  work.then(
    () => process.exit(0),
    (error: unknown) => {
      createLogger().fatal({ err: error }, `${what} ends`);
      process.exit(1);
    },
  );
}
