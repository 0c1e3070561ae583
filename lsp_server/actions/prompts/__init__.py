"""The prompts of the code actions, one small file each; ``README.md`` says how they are made."""
