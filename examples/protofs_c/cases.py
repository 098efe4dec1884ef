"""What is typed into the command, and what has to come out."""

LONG = "n" * 31
FILES = {
    "empty_input": ("", ""),
    "create_and_size": ("create /a\nsize /a\nread /a\n", "ok\n0\n\n"),
    "write_and_read": ("create /a\nwrite /a 0 hello world\nread /a\nsize /a\n", "ok\nok\nhello world\n11\n"),
    "overwrite_in_the_middle": ("create /a\nwrite /a 0 abcdef\nwrite /a 2 XY\nread /a\n", "ok\nok\nok\nabXYef\n"),
    "write_grows_the_file": ("create /a\nwrite /a 0 abc\nwrite /a 2 defg\nread /a\n", "ok\nok\nok\nabdefg\n"),
    "append": ("create /a\nappend /a one\nappend /a  two\nread /a\nsize /a\n", "ok\nok\nok\none two\n7\n"),
    "read_a_part": (
        "create /a\nappend /a 0123456789\nread /a 3 4\nread /a 8 100\nread /a 10 1\nread /a 99 1\n",
        "ok\nok\n3456\n89\n\n\n",
    ),
    "create_twice": ("create /a\ncreate /a\n", "ok\nerror: exists\n"),
    "missing_file": (
        "read /a\nwrite /a 0 x\nappend /a x\nsize /a\ndelete /a\n",
        "error: not found\n" * 5,
    ),
    "delete_and_create_again": (
        "create /a\nappend /a old\ndelete /a\nread /a\ncreate /a\nread /a\n",
        "ok\nok\nok\nerror: not found\nok\n\n",
    ),
    "comments_and_empty_lines": ("# nothing\n\ncreate /a\n#create /a\nsize /a\n", "ok\n0\n"),
    "unknown_command": ("creat /a\ncreate /a\n", "error: unknown command\nok\n"),
    "usage": (
        "create\ncreate /a\nwrite /a\nwrite /a 0\nwrite /a x y\nappend /a\nread /a 0\nread /a 0 -1\nsize /a\n",
        "error: usage\nok\n" + "error: usage\n" * 6 + "0\n",
    ),
}
FOLDERS = {
    "mkdir_and_list": ("mkdir /d\ncreate /d/f\nappend /d/f abc\nlist /\nlist /d\n", "ok\nok\nok\nd/\nf 3\n"),
    "list_is_sorted": (
        "create /b\ncreate /a\nmkdir /C\ncreate /aa\ncreate /B\nlist /\n",
        "ok\nok\nok\nok\nok\nB 0\nC/\na 0\naa 0\nb 0\n",
    ),
    "list_an_empty_folder": ("list /\nmkdir /d\nlist /d\n", "ok\n"),
    "nested": (
        "mkdir /a\nmkdir /a/b\nmkdir /a/b/c\ncreate /a/b/c/f\nlist /a\nlist /a/b\nlist /a/b/c\n",
        "ok\nok\nok\nok\nb/\nc/\nf 0\n",
    ),
    "one_name_in_two_folders": (
        "mkdir /a\nmkdir /b\ncreate /a/f\ncreate /b/f\nappend /a/f one\nread /a/f\nread /b/f\n",
        "ok\nok\nok\nok\nok\none\n\n",
    ),
    "parent_is_missing": ("mkdir /a/b\ncreate /a/f\nlist /a\n", "error: not found\n" * 3),
    "parent_is_a_file": (
        "create /f\ncreate /f/g\nread /f/g\nlist /f/g\nlist /f\n",
        "ok\n" + "error: not a folder\n" * 4,
    ),
    "folder_as_a_file": (
        "mkdir /d\nread /d\nwrite /d 0 x\nappend /d x\nsize /d\nread /\n",
        "ok\n" + "error: is a folder\n" * 5,
    ),
    "delete_an_empty_folder": ("mkdir /d\ndelete /d\nlist /\n", "ok\nok\n"),
    "delete_a_folder_that_is_not_empty": (
        "mkdir /d\ncreate /d/f\ndelete /d\nlist /d\ndelete /d/f\ndelete /d\n",
        "ok\nok\nerror: not empty\nf 0\nok\nok\n",
    ),
    "the_root": ("delete /\nmkdir /\ncreate /\n", "error: not empty\nerror: exists\nerror: exists\n"),
    "bad_paths": (
        "create a\ncreate //a\ncreate /a/\ncreate /./a\ncreate /..\nlist //\n",
        "error: bad path\n" * 6,
    ),
}
LIMITS = {
    "longest_name": (
        f"create /{LONG}\ncreate /{LONG}n\nlist /\n",
        f"ok\nerror: bad path\n{LONG} 0\n",
    ),
    "longest_path": (
        "".join(f"mkdir {'/' + LONG:.32}{('/' + LONG) * deep}\n" for deep in range(7)) + f"mkdir {('/' + LONG) * 8}\n",
        "ok\n" * 7 + "error: bad path\n",
    ),
    "largest_file": (
        f"create /a\nwrite /a 0 {'x' * 4096}\nappend /a x\nwrite /a 4096 x\nwrite /a 4095 y\nread /a 4094 9\nsize /a\n",
        "ok\nok\nerror: too large\nerror: too large\nok\nxy\n4096\n",
    ),
    "a_failed_write_changes_nothing": (
        f"create /a\nappend /a abc\nwrite /a 4000 {'x' * 97}\nread /a\nsize /a\nwrite /a 99999999999999999999 z\n"
        "size /a\n",
        "ok\nok\nerror: too large\nabc\n3\nerror: too large\n3\n",
    ),
    "most_nodes": (
        "".join(f"create /f{n}\n" for n in range(64)) + "create /x\nmkdir /y\ndelete /f7\nmkdir /y\ncreate /x\n",
        "ok\n" * 64 + "error: full\nerror: full\nok\nok\nerror: full\n",
    ),
    "exists_comes_before_full": (
        "".join(f"create /f{n}\n" for n in range(64)) + "create /f3\n",
        "ok\n" * 64 + "error: exists\n",
    ),
    "dots_in_names": (
        "create /...\ncreate /.a\ncreate /a..\ncreate /.\nlist /\n",
        "ok\nok\nok\nerror: bad path\n... 0\n.a 0\na.. 0\n",
    ),
    "bad_path_comes_first": ("create /f\nread /f/g/\nread /f/..\n", "ok\nerror: bad path\nerror: bad path\n"),
}
