/** The completion for fish. */
export const FISH = `# The word at the cursor without its quotes.
function __ttrpc_current
  set -l word (commandline -ct)
  if string match -rq '^["\\']' -- $word
    string sub -s 2 -- $word
  else
    string unescape -- $word; or echo -- $word
  end
end
function __ttrpc_find
  set -l words
  for word in (commandline -opc)
    # An address in a variable.
    set -l variable (string match -r '^(.*)\\$(\\w+)(.*)$' -- $word)
    and set -l name $variable[3]
    and set -q $name
    and set word $variable[2]$$name$variable[4]
    set -a words (string replace -r '^~/' $HOME/ -- $word)
  end
  # The one that was typed, where it is not in PATH.
  set -l ttrpc ttrpc
  string match -q '*/*' -- $words[1]; and set ttrpc $words[1]
  set -g __ttrpc_found ($ttrpc __complete $words[2..-1] (__ttrpc_current) 2>/dev/null)
  test (count $__ttrpc_found) -gt 0
end
# A file behind the @ of -d.
function __ttrpc_request_files
  set -l parts (string match -r '^((?:--?[\\w-]+=)?@)(.*)$' -- (__ttrpc_current))
  and printf '%s\\n' $parts[2](__fish_complete_path $parts[3])
end
# Where there are candidates, no files.
complete -c ttrpc -n __ttrpc_find -f -a '$__ttrpc_found'
complete -c ttrpc -a '(__ttrpc_request_files)'
`;
