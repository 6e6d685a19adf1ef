import type { Arguments, Command } from '../command.js';
import { print } from '../output.js';
import { ToolError } from '../tool-error.js';

/**
 * Each script hands the words so far to `ttrpc __complete`, one candidate a line comes back: so services and methods of a
 * live server are completed, too.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_ttrpc() {
  local IFS=$'\\n' line="\${COMP_LINE:0:COMP_POINT}" current
  local words
  IFS=$' \\t\\n' read -ra words <<< "$line"
  case "$line" in *' ') words+=('') ;; esac
  current="\${words[-1]}"
  COMPREPLY=($(ttrpc __complete "\${words[@]:1}" 2>/dev/null))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$current"))
  # A method follows.
  case "\${COMPREPLY[0]}" in */) compopt -o nospace 2>/dev/null ;; esac
  # bash replaces only what stands behind the last colon.
  case "$current" in *:*) COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}") ;; esac
}
complete -o filenames -F _ttrpc ttrpc
`,
  zsh: `#compdef ttrpc
_ttrpc() {
  local -a candidates
  candidates=("\${(@f)$(ttrpc __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -- "\${candidates[@]}"; else _files; fi
}
compdef _ttrpc ttrpc
`,
  fish: `function __ttrpc_complete
  set -l words (commandline -opc) (commandline -ct)
  ttrpc __complete $words[2..-1] 2>/dev/null
end
complete -c ttrpc -a '(__ttrpc_complete)'
`,
};

/** `ttrpc completion`: the script for a shell. */
export const completion: Command = {
  name: 'completion',
  summary: 'print the completion script of a shell: commands, flags, services and methods of a live server',
  usage: '<bash | zsh | fish>',
  positionals: ['shell'],
  required: 1,
  flags: {},
  notes: ['bash: source <(ttrpc completion bash); zsh: the same; fish: ttrpc completion fish | source'],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [shell = ''] = args.positionals;
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) throw new ToolError(`no completion for '${shell}': expected bash, zsh or fish`);
  await print(script);
  return 0;
}
