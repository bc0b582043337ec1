/** What runs an Open vSwitch: daemons of our own, or those of the machine. */
export interface OvsServer {
  /** Whether both daemons are there. */
  readonly running: boolean;
  /** Holds the sockets of both daemons and of each bridge. */
  readonly directory: string;
  /** Path of the database's socket. */
  readonly database: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface OvsEvents {
  onLine: (line: string) => void;
  /** It went without being told to. */
  onExit: (reason: string) => void;
  /** It is there again, by itself. */
  onReturn: () => void;
}
