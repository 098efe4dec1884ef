// expect_stdout: 1,1,3,5,7,9,
int printf(const char *format, ...);

struct node {
    int value;
    struct node *next;
};

struct node pool[10];
int used;

struct node *insert(struct node *list, int value) {
    struct node *fresh = &pool[used++];
    fresh->value = value;
    if (!list || list->value >= value) {
        fresh->next = list;
        return fresh;
    }
    struct node *at = list;
    while (at->next && at->next->value < value)
        at = at->next;
    fresh->next = at->next;
    at->next = fresh;
    return list;
}

int main(void) {
    struct node *list = 0;
    int values[6] = {5, 1, 9, 3, 7, 1};
    for (int i = 0; i < 6; i++)
        list = insert(list, values[i]);
    for (; list; list = list->next)
        printf("%d,", list->value);
    printf("\n");
    return 0;
}
