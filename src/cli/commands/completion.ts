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
  # A file, also behind "unix:".
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "\${current##*:}"))
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
  # A method follows.
  if [[ "\${candidates[1]}" == */ ]]; then compadd -S '' -- "\${candidates[@]}"
  elif [[ -n "\${candidates[1]}" ]]; then compadd -- "\${candidates[@]}"; else compset -P '*:'; _files; fi
}
compdef _ttrpc ttrpc
`,
  fish: `function __ttrpc_find
  set -l words (commandline -opc) (commandline -ct)
  set -g __ttrpc_found (ttrpc __complete $words[2..-1] 2>/dev/null)
  test (count $__ttrpc_found) -gt 0
end
# Where there are candidates, no files.
complete -c ttrpc -n __ttrpc_find -f -a '$__ttrpc_found'
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
