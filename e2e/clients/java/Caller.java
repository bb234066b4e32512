import java.util.regex.Pattern;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * Calls STS twice a second with one client of the AWS SDK for Java, which finds its credentials by itself, as a service
 * does.
 *
 * <p>Prints a line per call: the access key id that signed it, and who AWS says the caller is. The first call that fails
 * ends it.
 *
 * <p>Usage: Caller CALLS
 */
final class Caller implements ExecutionInterceptor {
    private static final Pattern SIGNER = Pattern.compile("Credential=([^/]+)/");

    private String signedBy;

    @Override
    public void beforeTransmission(Context.BeforeTransmission call, ExecutionAttributes attributes) {
        var header = SIGNER.matcher(call.httpRequest().firstMatchingHeader("Authorization").orElseThrow());
        signedBy = header.results().findFirst().orElseThrow().group(1);
    }

    public static void main(String[] args) throws InterruptedException {
        var caller = new Caller();
        var client = StsClient.builder().overrideConfiguration(c -> c.addExecutionInterceptor(caller)).build();
        for (int call = 1; call <= Integer.parseInt(args[0]); call++) {
            try {
                var arn = client.getCallerIdentity().arn();
                System.out.println(caller.signedBy + " " + arn);
            } catch (RuntimeException error) {
                System.err.println("call " + call + ":");
                error.printStackTrace();
                System.exit(1);
            }
            Thread.sleep(500);
        }
    }
}
