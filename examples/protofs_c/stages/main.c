#include "protofs.h"

#include <stdio.h>
#include <string.h>

static const char *const USAGE = "error: usage";

/* The next word of a line, cut off at one space; NULL at the end. */
static char *word(char **rest) {
    char *start = *rest;
    if (start == NULL || *start == '\0')
        return NULL;
    char *space = strchr(start, ' ');
    *rest = space == NULL ? NULL : space + 1;
    if (space != NULL)
        *space = '\0';
    return start;
}

/* A number in digits; -1 for anything else. Larger ones than any file stay as large as they need to be. */
static long number(const char *text) {
    long value = 0;
    if (text == NULL || *text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value > 1000000 ? value : value * 10 + (*text - '0');
    }
    return value;
}

static void report(long result) {
    if (result < 0)
        printf("error: %s\n", pfs_message((int)result));
    else
        puts("ok");
}

static void show(pfs *fs, const char *path, char *rest) {
    char buffer[PFS_FILE_MAX];
    long offset = 0, size = PFS_FILE_MAX;
    if (rest != NULL) {
        offset = number(word(&rest));
        size = number(word(&rest));
        if (offset < 0 || size < 0 || rest != NULL) {
            puts(USAGE);
            return;
        }
    }
    if (size > PFS_FILE_MAX)
        size = PFS_FILE_MAX;
    long count = pfs_read(fs, path, (size_t)offset, buffer, (size_t)size);
    if (count < 0) {
        report(count);
        return;
    }
    fwrite(buffer, 1, (size_t)count, stdout);
    putchar('\n');
}

static void entry(const char *name, int is_folder, long size, void *context) {
    (void)context;
    if (is_folder)
        printf("%s/\n", name);
    else
        printf("%s %ld\n", name, size);
}

static void write_text(pfs *fs, const char *path, char *rest) {
    long offset = number(word(&rest));
    if (offset < 0 || rest == NULL)
        puts(USAGE);
    else
        report(pfs_write(fs, path, (size_t)offset, rest, strlen(rest)));
}

static void obey(pfs *fs, char *line) {
    static const char *const commands[] = {"mkdir", "create", "write", "append", "read", "size", "list", "delete"};
    char *rest = line, *command = word(&rest);
    size_t which = 0;
    while (which < 8 && strcmp(command == NULL ? "" : command, commands[which]) != 0)
        which++;
    if (which == 8) {
        puts("error: unknown command");
        return;
    }
    const char *path = word(&rest);
    if (path == NULL) {
        puts(USAGE);
        return;
    }
    long result = 0;
    switch (which) {
    case 0:
        report(pfs_mkdir(fs, path));
        break;
    case 1:
        report(pfs_create(fs, path));
        break;
    case 2:
        write_text(fs, path, rest);
        break;
    case 3:
        if (rest == NULL)
            puts(USAGE);
        else
            report(pfs_append(fs, path, rest, strlen(rest)));
        break;
    case 4:
        show(fs, path, rest);
        break;
    case 5:
        result = pfs_size(fs, path);
        if (result < 0)
            report(result);
        else
            printf("%ld\n", result);
        break;
    case 6:
        result = pfs_list(fs, path, entry, NULL);
        if (result < 0)
            report(result);
        break;
    default:
        report(pfs_delete(fs, path));
    }
}

int main(void) {
    char line[8200];
    pfs *fs = pfs_open();
    if (fs == NULL)
        return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            obey(fs, line);
    }
    pfs_close(fs);
    return 0;
}
