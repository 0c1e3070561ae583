# codestral-lsp beside the language servers that kakoune-lsp starts anyway.
#
# To be loaded behind the line that loads kakoune-lsp: its defaults are set by hooks on the same event, and only for
# buffers that have no servers yet. This one comes after them, and adds.

hook -group codestral global User LSPDefaultConfig=(?:c|cpp|clojure|crystal|css|d|dart|elixir|elm|erlang|fish|go|haskell|html|java|javascript|julia|kak|latex|lua|nim|nix|ocaml|perl|php|protobuf|python|r|racket|ruby|rust|scss|sh|sql|svelte|swift|terraform|toml|typescript|yaml|zig) %{
    set-option -add buffer lsp_servers %{
        [codestral-lsp]
        root_globs = [".git", ".hg"]
        settings_section = "codestral"
        [codestral-lsp.settings.codestral]
    }
}

# kakoune-lsp asks for completions only behind something that is no white space. A suggestion is wanted behind
# "return " as well.
set-option global lsp_completion_trigger nop
