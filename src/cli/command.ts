/** One flag of a command. */
export interface FlagSpec {
  readonly type: 'string' | 'boolean';
  /** The letter after a single dash. */
  readonly short?: string;
  /** It may be given several times. */
  readonly multiple?: boolean;
  /** Why it may be given once only, in words: of others the last one counts, as in Go. */
  readonly once?: string;
  /** What its value is, for the help (`seconds`); what kind of value, for the completion. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly help: string;
}

/** What a positional argument is: the completion knows addresses, services and methods. */
export type Positional = 'address' | 'method' | 'service' | 'symbol' | 'file' | 'shell' | 'source';

/** The arguments of one run. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The last value of a flag that takes one. */
  text(flag: string): string | undefined;
  /** All values of a flag that may be repeated. */
  texts(flag: string): readonly string[];
  /** How often a flag without a value was given. */
  count(flag: string): number;
}

/** A command of `ttrpc`. */
export interface Command {
  readonly name: string;
  /** The positional arguments as the help shows them: `<address> [service]`. */
  readonly usage: string;
  readonly positionals: readonly Positional[];
  /** The least number of positional arguments, whatever the flags are. */
  readonly required: number;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** Further lines of the help. */
  readonly notes?: readonly string[];
  /** Runs it; resolves with the exit status. Rejects with a ToolError for what is wrong with the arguments or around. */
  run(args: Arguments): Promise<number>;
}

/** The commands that there are. One is loaded when it is asked for: most of a command's start is the reading of its code. */
export interface Commands {
  readonly names: readonly string[];
  /** A line for each name. */
  readonly summaries: Readonly<Record<string, string>>;
  /** One of `names`. */
  load(name: string): Command;
  /** What the last of `words` can be. */
  complete(words: readonly string[]): Promise<string[]>;
}
