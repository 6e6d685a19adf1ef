/** The completion for bash. */
export const BASH = `_ttrpc() {
  local IFS=$'\\n' ttrpc=ttrpc line="\${COMP_LINE:0:COMP_POINT}" words=() word='' current='' kept='' begun='' quote='' c i
  # The words without their quotes: COMP_WORDS has the quotes, and is split at colons.
  for ((i = 0; i < \${#line}; i++)); do
    c="\${line:i:1}"
    if [[ $quote == "'" && $c != "'" ]]; then word+="$c" current+="$c"
    elif [[ $c == \\\\ ]]; then
      i=$((i + 1)) c="\${line:i:1}" begun=1
      [[ -n $quote && $c != [\\$\\\`\\"\\\\] ]] && c="\\\\$c"
      word+="$c" current+="$c"
    elif [[ $c == '$' && \${line:i} =~ ^\\$(\\{[A-Za-z_][A-Za-z0-9_]*\\}|[A-Za-z_][A-Za-z0-9_]*) ]]; then
      # An address in a variable.
      c="\${BASH_REMATCH[1]//[\\{\\}]/}" begun=1 current+="\${BASH_REMATCH[0]}"
      i=$((i + \${#BASH_REMATCH[0]} - 1)) word+="\${!c}"
    elif [[ -n $quote ]]; then
      if [[ $c == "$quote" ]]; then quote=''; else word+="$c" current+="$c"; fi
    elif [[ $c == [\\'\\"] ]]; then quote="$c" begun=1
    elif [[ $c == '~' && -z $begun && \${line:i+1:1} == / ]]; then word+="$HOME" current+="$c" begun=1
    elif [[ $c != [[:blank:]] ]]; then
      word+="$c" current+="$c" begun=1
      # bash replaces only what stands behind such a character.
      [[ $c == [:=] && $COMP_WORDBREAKS == *"$c"* ]] && kept="$current"
    elif [[ -n $begun ]]; then words+=("$word") word='' current='' kept='' begun=''; fi
  done
  # The one that was typed, where it is not in PATH.
  [[ \${words[0]} == */* ]] && ttrpc="\${words[0]}"
  COMPREPLY=($("$ttrpc" __complete "\${words[@]:1}" "$current" 2>/dev/null))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    # A file, also behind "unix:", behind the "=" of a flag and behind the @ of -d.
    local file="$current" head escapes=''
    [[ $file == -*=* ]] && file="\${file#*=}"
    case "$file" in
      # As a file's name the @ would get a backslash.
      @*) file="\${file#@}"; compopt +o filenames 2>/dev/null; [[ -z $quote ]] && escapes=1 ;;
      *) file="\${file##*:}" ;;
    esac
    head="\${current%"$file"}"
    for file in $(compgen -f -- "$file"); do
      # What bash does for names of files, where it does not see that this is one.
      [[ $head != "$kept" && -d $file ]] && file+=/
      [[ -n $escapes ]] && printf -v file %q "$file"
      COMPREPLY+=("$head$file")
    done
  fi
  # A method follows, or a file.
  case "\${COMPREPLY[0]}" in */) compopt -o nospace 2>/dev/null ;; esac
  COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
}
complete -o filenames -F _ttrpc ttrpc
`;
