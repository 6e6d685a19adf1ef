import type { Arguments, Command } from '../command.js';
import { print } from '../output.js';
import { ToolError } from '../tool-error.js';

/**
 * Each script hands the words so far to `ttrpc __complete`, one candidate a line comes back: so services and methods of a
 * live server are completed, too.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_ttrpc() {
  local IFS=$'\\n' line="\${COMP_LINE:0:COMP_POINT}" words=() word='' begun='' quote='' c i current
  # The words without their quotes: COMP_WORDS has the quotes, and is split at colons.
  for ((i = 0; i < \${#line}; i++)); do
    c="\${line:i:1}"
    if [[ $quote == "'" && $c != "'" ]]; then word+="$c"
    elif [[ $c == '\\' ]]; then word+="\${line:++i:1}" begun=1
    elif [[ -n $quote ]]; then
      if [[ $c == "$quote" ]]; then quote=''; else word+="$c"; fi
    elif [[ $c == [\\'\\"] ]]; then quote="$c" begun=1
    elif [[ $c != [[:blank:]] ]]; then word+="$c" begun=1
    elif [[ -n $begun ]]; then words+=("$word") word='' begun=''; fi
  done
  words+=("$word")
  current="$word"
  COMPREPLY=($(ttrpc __complete "\${words[@]:1}" 2>/dev/null))
  # A file, also behind "unix:", and behind the @ of -d.
  [ \${#COMPREPLY[@]} -eq 0 ] && case "$current" in
    # As a file's name the @ would get a backslash.
    @*) compopt +o filenames 2>/dev/null; COMPREPLY=($(compgen -P @ -f -- "\${current#@}")) ;;
    *) COMPREPLY=($(compgen -f -- "\${current##*:}")) ;;
  esac
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
  # Without their quotes.
  candidates=("\${(@f)$(ttrpc __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  # A method follows.
  if [[ "\${candidates[1]}" == */ ]]; then compadd -S '' -- "\${candidates[@]}"
  elif [[ -n "\${candidates[1]}" ]]; then compadd -- "\${candidates[@]}"
  else
    # A file, also behind "unix:" or "unix://", and behind the @ of -d.
    compset -P '*://' || compset -P '*:' || compset -P '@'
    _files
  fi
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
# A file behind the @ of -d.
complete -c ttrpc -n 'string match -q "@*" -- (commandline -ct)' \\
  -a '@(__fish_complete_path (string sub -s 2 -- (commandline -ct)))'
`,
};

/** `ttrpc completion`: the script for a shell. */
export const completion: Command = {
  name: 'completion',
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
