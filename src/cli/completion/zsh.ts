/** The completion for zsh. */
export const ZSH = `#compdef ttrpc
_ttrpc() {
  local -a candidates before
  local word ttrpc=ttrpc
  for word in "\${(@)words[2,CURRENT-1]}"; do
    # An address in a variable.
    if [[ $word != *\\'* && $word =~ '\\$(\\{[A-Za-z_][A-Za-z0-9_]*\\}|[A-Za-z_][A-Za-z0-9_]*)' ]]; then
      word="\${word[1,MBEGIN-1]}\${(P)\${match[1]//[\\{\\}]/}}\${word[MEND+1,-1]}"
    fi
    [[ $word == '~/'* ]] && word="$HOME\${word[2,-1]}"
    # Without its quotes.
    before+=("\${(Q)word}")
  done
  # The one that was typed, where it is not in PATH.
  [[ $words[1] == */* ]] && ttrpc="\${(Q)words[1]}"
  candidates=("\${(@f)$("$ttrpc" __complete "\${(@)before}" "\${(Q)PREFIX}" 2>/dev/null)}")
  # A method follows.
  if [[ "\${candidates[1]}" == */ ]]; then compadd -S '' -- "\${candidates[@]}"
  elif [[ -n "\${candidates[1]}" ]]; then compadd -- "\${candidates[@]}"
  else
    # A file, also behind the "=" of a flag, behind "unix:" or "unix://", and behind the @ of -d.
    [[ $PREFIX == -*=* ]] && compset -P '*='
    compset -P '*://' || compset -P '*:' || compset -P '@'
    _files
  fi
}
# A file in fpath is loaded by the first completion.
if [[ $funcstack[1] == _ttrpc ]]; then _ttrpc "$@"; else compdef _ttrpc ttrpc; fi
`;
