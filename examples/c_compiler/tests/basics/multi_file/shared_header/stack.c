#include "stack.h"

static int items[10];
static int used;

void push(int value) {
    items[used++] = value;
}

int pop(void) {
    return items[--used];
}

int empty(void) {
    return used == 0;
}
