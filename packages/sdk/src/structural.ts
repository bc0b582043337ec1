/**
 * The public members of a class. TypeScript tells two copies of a class with private fields apart, and a plugin, its helper
 * packages and the host may each have a copy of the SDK: what passes between them is known by its members alone.
 */
export type Structural<Class> = { [Member in keyof Class]: Class[Member] };
