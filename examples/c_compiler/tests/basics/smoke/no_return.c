// main may end without a return; its value is zero then.
int main(void) {
}
