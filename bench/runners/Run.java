import org.flywaydb.core.Flyway;

/** Flyway by its Java API: its own command is the same calls, and 100 MB. */
public class Run {
  public static void main(String[] args) {
    Flyway.configure()
        .dataSource(System.getenv("URL"), System.getenv("WHO"), System.getenv("SECRET"))
        .locations("filesystem:" + args[0])
        .load()
        .migrate();
  }
}
