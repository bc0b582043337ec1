/** What the host says, on shutdown, of a plugin that goes on as if its signal were not aborted. */
export const closedNevertheless = 'the plugin is closed nevertheless';
export const cutOffCalls = 'calls in flight did not end in time and are cut off';

/** Conformance looks for them in a VSP's log. */
export const givenUpOn: readonly string[] = [closedNevertheless, cutOffCalls];
